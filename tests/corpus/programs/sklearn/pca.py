# /// expect
# stdout = "Explained: [0.7296, 0.2285]\n"
# images = 1
# ///
import matplotlib.pyplot as plt
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

iris = load_iris()
X = StandardScaler().fit_transform(iris.data)
pca = PCA(n_components=2)
Z = pca.fit_transform(X)
print("Explained:", pca.explained_variance_ratio_.round(4).tolist())
plt.scatter(Z[:, 0], Z[:, 1], c=iris.target)
plt.xlabel("PC1")
plt.ylabel("PC2")
plt.show()
