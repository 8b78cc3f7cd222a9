# /// expect
# stdout = "[[1.0, 0.0], [0.0, 1.0]] True\n2 [4.0, 9.0] (np.float64(5.3076923076923075), np.float64(4.615384615384615))\n"
# ///
import numpy as np
from scipy import linalg, ndimage

A = np.array([[4.0, 1.0], [1.0, 3.0]])
print(linalg.expm(np.zeros((2, 2))).tolist(), np.allclose(linalg.cholesky(A).T @ linalg.cholesky(A), A))
img = np.zeros((10, 10))
img[1:3, 1:3] = 1
img[6:9, 5:8] = 1
labels, n = ndimage.label(img)
print(n, ndimage.sum(img, labels, range(1, n + 1)).tolist(), ndimage.center_of_mass(img))
