# /// expect
# stdout = "Chart saved to /mnt/data/chart.png\n"
# files = ["chart.png"]
# ///
import matplotlib.pyplot as plt

plt.figure()
plt.plot([1, 2, 3], [4, 1, 6])
plt.title("Saved")
plt.savefig("/mnt/data/chart.png")
plt.close()
print("Chart saved to /mnt/data/chart.png")
