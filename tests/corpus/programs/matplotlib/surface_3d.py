# /// expect
# images = 2
# ///
import numpy as np
import matplotlib.pyplot as plt
from mpl_toolkits.mplot3d import Axes3D

x = np.linspace(-5, 5, 40)
y = np.linspace(-5, 5, 40)
X, Y = np.meshgrid(x, y)
Z = np.sin(np.sqrt(X**2 + Y**2))

fig = plt.figure(figsize=(8, 6))
ax = fig.add_subplot(111, projection="3d")
surf = ax.plot_surface(X, Y, Z, cmap="viridis")
fig.colorbar(surf, shrink=0.5)
plt.show()

fig = plt.figure()
ax = plt.axes(projection="3d")
t = np.linspace(0, 10, 200)
ax.plot3D(np.cos(t), np.sin(t), t, "gray")
ax.scatter3D(np.cos(t[::10]), np.sin(t[::10]), t[::10])
plt.show()
