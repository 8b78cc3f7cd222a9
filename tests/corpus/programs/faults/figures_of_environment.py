# /// session
# environment = { MPLBACKEND = "Agg" }
# ///
# /// expect
# images = 1
# stderr = ""
# ///
import matplotlib.pyplot as plt
plt.plot([1, 2])
plt.show()

# %%
# /// expect
# images = 1
# stderr = ""
# ///
import matplotlib
matplotlib.use("Qt5Agg")
plt.bar(["a"], [1])
plt.show()
