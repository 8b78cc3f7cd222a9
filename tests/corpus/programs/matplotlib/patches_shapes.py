# /// expect
# images = 1
# ///
import matplotlib.pyplot as plt
import matplotlib.patches as patches
from matplotlib.lines import Line2D

fig, ax = plt.subplots()
ax.add_patch(patches.Rectangle((0.1, 0.1), 0.3, 0.2, fill=False, edgecolor="red"))
ax.add_patch(patches.Circle((0.7, 0.7), 0.15, color="green"))
ax.add_patch(patches.FancyArrowPatch((0.1, 0.9), (0.5, 0.5), arrowstyle="->", mutation_scale=20))
ax.add_line(Line2D([0, 1], [0, 1], ls=":"))
ax.set_aspect("equal")
plt.show()
