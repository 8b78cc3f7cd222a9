# /// expect
# stdout = "[[-4. -4. -4. -4.]\n [ 0.  0.  0.  0.]\n [ 4.  4.  4.  4.]]\n[0, 2, 4, 6, 8, 10]\n[[0, 1, 2, 3], [4, 5, 6, 7], [8, -1, -1, -1]] 8 [2, 2, 2]\n"
# ///
import numpy as np

grid = np.arange(12).reshape(3, 4)
print(grid - grid.mean(axis=0))
print(grid[grid % 2 == 0].tolist())
grid[grid > 8] = -1
print(grid.tolist(), np.argmax(grid), np.where(grid == -1)[0].tolist())
