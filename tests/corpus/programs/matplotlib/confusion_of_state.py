# /// expect
# images = 1
# ///
import matplotlib.pyplot as plt

plt.clf()
plt.plot([1, 2, 3])
ax = plt.gca()
ax.tick_params(axis="x", rotation=45)
plt.xticks(rotation=45, ha="right")
plt.show()
