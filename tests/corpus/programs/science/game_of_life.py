# /// expect
# stdout = "5 [11, 12]\n"
# images = 1
# ///
import numpy as np
import matplotlib.pyplot as plt
from scipy.signal import convolve2d

grid = np.zeros((20, 20), int)
grid[1:4, 1:4] = [[0, 1, 0], [0, 0, 1], [1, 1, 1]]
kernel = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]])
for _ in range(40):
    neighbors = convolve2d(grid, kernel, mode="same", boundary="wrap")
    grid = ((neighbors == 3) | ((grid == 1) & (neighbors == 2))).astype(int)
print(grid.sum(), np.argwhere(grid)[0].tolist())
plt.imshow(grid, cmap="binary")
plt.show()
