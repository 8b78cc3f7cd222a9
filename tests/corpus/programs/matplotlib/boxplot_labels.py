# /// expect
# images = 1
# stderr_lines = 4
# ///
import numpy as np
import matplotlib.pyplot as plt

np.random.seed(10)
data = [np.random.normal(0, std, 100) for std in range(1, 4)]
fig, ax = plt.subplots(figsize=(7, 5))
box = ax.boxplot(data, labels=["one", "two", "three"], patch_artist=True)
for patch, color in zip(box["boxes"], ["pink", "lightblue", "lightgreen"]):
    patch.set_facecolor(color)
ax.set_title("Box plot")
plt.show()
