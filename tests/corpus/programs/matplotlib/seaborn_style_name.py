# /// expect
# images = 1
# ///
import matplotlib.pyplot as plt

plt.style.use("seaborn-v0_8-whitegrid")
plt.plot([1, 3, 2])
plt.show()
