# /// expect
# images = 1
# ///
import matplotlib
import matplotlib.pyplot as plt
from matplotlib.colors import LinearSegmentedColormap, ListedColormap

cmap = matplotlib.colormaps["tab10"]
custom = LinearSegmentedColormap.from_list("custom", ["white", "navy"])
fig, ax = plt.subplots(1, 2)
ax[0].imshow([[1, 2], [3, 4]], cmap=custom)
ax[1].imshow([[0, 1], [2, 3]], cmap=ListedColormap([cmap(i) for i in range(4)]))
plt.show()
