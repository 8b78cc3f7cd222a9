# /// expect
# stdout = "Solution: [ 1. -2. -2.]\nCheck: True\nDeterminant: -3.0\n"
# ///
import numpy as np

A = np.array([[3, 2, -1], [2, -2, 4], [-1, 0.5, -1]])
b = np.array([1, -2, 0])
x = np.linalg.solve(A, b)
print("Solution:", np.round(x, 6) + 0.0)
print("Check:", np.allclose(A @ x, b))
print("Determinant:", round(np.linalg.det(A), 4))
