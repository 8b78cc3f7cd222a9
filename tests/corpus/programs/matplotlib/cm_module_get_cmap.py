# /// expect
# images = 1
# stdout = "4\n"
# stderr_lines = 8
# ///
import matplotlib.cm as cm
import matplotlib.pyplot as plt

cmap = cm.get_cmap("coolwarm")
norm = plt.Normalize(0, 10)
print(len(cmap(norm(5))))
plt.scatter([1, 2, 3], [1, 2, 3], c=[0, 5, 10], cmap=cmap, norm=norm)
plt.show()
