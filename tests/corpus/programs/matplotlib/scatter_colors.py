# /// expect
# images = 1
# ///
import numpy as np
import matplotlib.pyplot as plt

np.random.seed(19680801)
N = 50
x, y = np.random.rand(2, N)
colors = np.random.rand(N)
area = (30 * np.random.rand(N)) ** 2
plt.scatter(x, y, s=area, c=colors, alpha=0.5, cmap="plasma")
plt.colorbar(label="value")
plt.show()
