# /// expect
# stdout = "chart.jpg chart.pdf chart.png chart.svg\n"
# files = ["chart.jpg", "chart.pdf", "chart.png", "chart.svg"]
# ///
import os
import matplotlib.pyplot as plt

fig, ax = plt.subplots()
ax.plot([0, 1], [1, 0])
for ext in ["png", "pdf", "svg", "jpg"]:
    fig.savefig(f"/mnt/data/chart.{ext}", dpi=100, bbox_inches="tight", facecolor="white")
plt.close(fig)
print(*sorted(os.listdir("/mnt/data")))
