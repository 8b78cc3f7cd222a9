# /// expect
# images = 1
# stdout = "3 bars\n"
# ///
import matplotlib.pyplot as plt

fig, ax = plt.subplots()
bars = ax.bar(["A", "B", "C"], [5, 9, 3], color=["#4C72B0", "#DD8452", "#55A868"])
ax.bar_label(bars, padding=3)
ax.set_ylim(0, 10)
print(len(bars), "bars")
plt.show()
