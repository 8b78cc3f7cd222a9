# /// expect
# images = 1
# ///
import numpy as np
import matplotlib.pyplot as plt

x = np.linspace(0, 10, 100)
y = np.sin(x)
ci = 0.2 + 0.02 * x
fig, ax = plt.subplots()
ax.plot(x, y)
ax.fill_between(x, y - ci, y + ci, color="b", alpha=0.1, label="95% CI")
ax.errorbar(x[::10], y[::10], yerr=ci[::10], fmt="o", capsize=3)
ax.axhline(0, color="k", lw=0.5)
ax.axvspan(2, 4, color="yellow", alpha=0.2)
ax.legend()
plt.show()
