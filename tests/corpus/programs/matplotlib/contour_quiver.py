# /// expect
# images = 2
# ///
import numpy as np
import matplotlib.pyplot as plt

x = np.linspace(-3, 3, 60)
X, Y = np.meshgrid(x, x)
Z = X * np.exp(-X**2 - Y**2)
plt.contourf(X, Y, Z, 20, cmap="RdBu")
cs = plt.contour(X, Y, Z, colors="k", linewidths=0.5)
plt.clabel(cs, inline=True, fontsize=8)
plt.show()

V, U = np.gradient(Z)
plt.quiver(X[::6, ::6], Y[::6, ::6], U[::6, ::6], V[::6, ::6])
plt.streamplot(X, Y, U, V, density=0.7)
plt.show()
