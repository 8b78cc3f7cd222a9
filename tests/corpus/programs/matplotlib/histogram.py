# /// expect
# images = 1
# stdout = "1000 31 100.29 14.68\n"
# ///
import numpy as np
import matplotlib.pyplot as plt

np.random.seed(42)
data = np.random.normal(loc=100, scale=15, size=1000)
n, bins, patches = plt.hist(data, bins=30, edgecolor="black", alpha=0.7)
plt.axvline(data.mean(), color="red", linestyle="dashed", label=f"Mean {data.mean():.1f}")
plt.legend()
print(int(n.sum()), len(bins), round(data.mean(), 2), round(data.std(), 2))
plt.show()
