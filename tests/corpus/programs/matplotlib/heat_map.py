# /// expect
# images = 1
# ///
import numpy as np
import matplotlib.pyplot as plt

data = np.arange(20).reshape(4, 5)
fig, ax = plt.subplots()
im = ax.imshow(data, cmap="YlGn")
fig.colorbar(im, ax=ax)
for i in range(data.shape[0]):
    for j in range(data.shape[1]):
        ax.text(j, i, data[i, j], ha="center", va="center", color="black")
ax.set_xticks(range(5), labels=list("abcde"))
ax.set_title("Heat map")
plt.show()
