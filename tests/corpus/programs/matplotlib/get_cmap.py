# /// expect
# images = 1
# stderr_lines = 8
# ///
import numpy as np
import matplotlib.pyplot as plt

cmap = plt.cm.get_cmap("viridis", 5)
colors = cmap(np.arange(5))
plt.bar(range(5), [3, 5, 2, 6, 4], color=colors)
plt.show()
