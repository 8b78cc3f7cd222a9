# /// expect
# stdout = "sizes [np.int64(50), np.int64(50), np.int64(50)] silhouette 0.657\n"
# images = 1
# stderr_lines = 2
# ///
import matplotlib.pyplot as plt
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from sklearn.metrics import silhouette_score

X, _ = make_blobs(n_samples=150, centers=3, cluster_std=0.6, random_state=0)
inertias = [KMeans(n_clusters=k, n_init=10, random_state=0).fit(X).inertia_ for k in range(1, 6)]
km = KMeans(n_clusters=3, n_init=10, random_state=0).fit(X)
print("sizes", sorted((km.labels_ == i).sum() for i in range(3)), "silhouette", round(silhouette_score(X, km.labels_), 3))
fig, ax = plt.subplots(1, 2, figsize=(10, 4))
ax[0].plot(range(1, 6), inertias, "o-")
ax[1].scatter(X[:, 0], X[:, 1], c=km.labels_)
plt.show()
