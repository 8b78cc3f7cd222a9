# /// expect
# images = 1
# ///
import matplotlib.pyplot as plt

fig, ax = plt.subplots()
ax.axis("off")
table = ax.table(cellText=[["1", "2"], ["3", "4"]], colLabels=["A", "B"], loc="center")
table.scale(1, 2)
plt.show()
