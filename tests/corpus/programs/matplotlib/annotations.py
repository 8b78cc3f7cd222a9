# /// expect
# images = 1
# ///
import numpy as np
import matplotlib.pyplot as plt

t = np.arange(0.0, 5.0, 0.01)
s = np.cos(2 * np.pi * t)
plt.plot(t, s, lw=2)
plt.annotate("local max", xy=(2, 1), xytext=(3, 1.5),
             arrowprops=dict(facecolor="black", shrink=0.05),
             bbox=dict(boxstyle="round,pad=0.3", fc="yellow"))
plt.text(0.5, -1.5, r"$\cos(2\pi t)$", fontsize=14)
plt.ylim(-2, 2)
plt.show()
