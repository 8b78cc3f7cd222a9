# /// expect
# stdout = "[2.0, 3.0]\n[3.2566, 1.8424] 2\n"
# ///
import numpy as np

M = np.array([[2.0, 0.0], [1.0, 3.0]])
w, v = np.linalg.eig(M)
print(sorted(np.round(w, 6).tolist()))
U, s, Vt = np.linalg.svd(M)
print(np.round(s, 4).tolist(), np.linalg.matrix_rank(M))
