# /// expect
# stdout = "3 [0.0, 1.0, 3.0]\n4 [0, 1, 2, 3]\n[[0.0, 1.0], [1.0, 0.0]]\n"
# ///
import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree, ConvexHull
from scipy.spatial.distance import cdist

graph = csr_matrix([[0, 1, 4], [0, 0, 2], [0, 0, 0]])
print(graph.nnz, dijkstra(graph, indices=0).tolist())
points = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.5]])
print(KDTree(points).query([0.6, 0.5])[1], sorted(ConvexHull(points).vertices.tolist()))
print(cdist(points[:2], points[:2]).tolist())
