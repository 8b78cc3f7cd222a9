# /// expect
# stdout = "saved\n"
# files = ["agg.png"]
# ///
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt

plt.plot([1, 2, 3])
plt.savefig("/mnt/data/agg.png")
plt.close()
print("saved")
