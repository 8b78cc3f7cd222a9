# /// expect
# images = 2
# stdout = "True\n"
# ///
import numpy as np
import matplotlib.pyplot as plt

print("ggplot" in plt.style.available)
plt.style.use("ggplot")
plt.plot(np.arange(5))
plt.show()
with plt.style.context("dark_background"):
    plt.plot(np.arange(5) ** 2)
    plt.show()
