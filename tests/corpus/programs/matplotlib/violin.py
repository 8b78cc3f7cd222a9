# /// expect
# images = 1
# ///
import numpy as np
import matplotlib.pyplot as plt

np.random.seed(1)
plt.violinplot([np.random.randn(100), np.random.randn(100) * 2], showmeans=True, showmedians=True)
plt.xticks([1, 2], ["narrow", "wide"])
plt.show()
