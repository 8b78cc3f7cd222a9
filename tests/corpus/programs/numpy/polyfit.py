# /// expect
# stdout = "y = 2.359x + 1.846, R2 = 0.9778\n"
# images = 1
# ///
import numpy as np
import matplotlib.pyplot as plt

np.random.seed(0)
x = np.linspace(0, 10, 50)
y = 2.5 * x + 1.0 + np.random.normal(0, 1, 50)
slope, intercept = np.polyfit(x, y, 1)
p = np.poly1d([slope, intercept])
r2 = 1 - np.sum((y - p(x)) ** 2) / np.sum((y - y.mean()) ** 2)
print(f"y = {slope:.3f}x + {intercept:.3f}, R2 = {r2:.4f}")

plt.scatter(x, y, s=12, label="data")
plt.plot(x, p(x), "r-", label="fit")
plt.legend()
plt.show()
