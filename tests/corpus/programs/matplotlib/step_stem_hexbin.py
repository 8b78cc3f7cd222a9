# /// expect
# images = 1
# ///
import numpy as np
import matplotlib.pyplot as plt

np.random.seed(0)
fig, axs = plt.subplots(1, 4, figsize=(14, 3))
axs[0].step(range(5), [1, 3, 2, 4, 1], where="mid")
axs[1].stem([1, 2, 3], [3, 1, 2])
hb = axs[2].hexbin(*np.random.randn(2, 1000), gridsize=15)
axs[3].hist2d(*np.random.randn(2, 1000), bins=20)
fig.colorbar(hb, ax=axs[2])
plt.tight_layout()
plt.show()
