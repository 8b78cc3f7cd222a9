# /// expect
# images = 1
# files = ["plot.png"]
# ///
import matplotlib.pyplot as plt

plt.plot([1, 2, 3], [1, 4, 9])
plt.savefig("plot.png", dpi=300)
plt.show()
