# /// expect
# stdout = "[[ 0.866 -0.5  ]\n [ 0.5    0.866]]\n[[ 1.  0.]\n [-0.  1.]]\n[[1. 0.]\n [0. 1.]\n [1. 1.]]\n"
# ///
import numpy as np

np.set_printoptions(precision=3, suppress=True)
rotation = np.array([[np.cos(np.pi / 6), -np.sin(np.pi / 6)], [np.sin(np.pi / 6), np.cos(np.pi / 6)]])
print(rotation)
print(np.linalg.matrix_power(rotation, 12))
print(np.vstack([np.eye(2), np.ones((1, 2))]))
