# /// expect
# stdout = "[2, 3]\n"
# images = 1
# ///
import numpy as np
import matplotlib.pyplot as plt
from scipy.cluster.hierarchy import dendrogram, linkage
from sklearn.cluster import AgglomerativeClustering

X = np.array([[1, 1], [1.1, 1], [5, 5], [5.1, 5], [5, 5.2]])
labels = AgglomerativeClustering(n_clusters=2).fit_predict(X)
print(sorted(np.bincount(labels).tolist()))
dendrogram(linkage(X, "ward"))
plt.show()
