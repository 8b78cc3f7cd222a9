# /// expect
# error = "OSError"
# error_contains = ["seaborn-darkgrid"]
# ///
import matplotlib.pyplot as plt

plt.style.use("seaborn-darkgrid")
# %%
# /// expect
# images = 1
# ///
plt.style.use("seaborn-v0_8-darkgrid")
plt.plot([1, 2])
plt.show()
