# /// expect
# images = 1
# ///
import numpy as np
import matplotlib.pyplot as plt

x = np.linspace(0, 2 * np.pi, 100)
fig, axes = plt.subplots(2, 2, figsize=(10, 8), sharex=True)
axes[0, 0].plot(x, np.sin(x))
axes[0, 1].plot(x, np.cos(x), "g")
axes[1, 0].plot(x, np.tan(x))
axes[1, 0].set_ylim(-5, 5)
axes[1, 1].plot(x, np.exp(-x))
for ax, title in zip(axes.flat, ["sin", "cos", "tan", "exp"]):
    ax.set_title(title)
plt.suptitle("Functions", fontsize=16)
plt.tight_layout(rect=[0, 0.03, 1, 0.95])
plt.show()
