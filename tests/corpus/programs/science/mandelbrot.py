# /// expect
# stdout = "0.221\n"
# images = 1
# ///
import numpy as np
import matplotlib.pyplot as plt

x, y = np.meshgrid(np.linspace(-2, 1, 150), np.linspace(-1.2, 1.2, 120))
c = x + 1j * y
z = np.zeros_like(c)
count = np.zeros(c.shape, int)
for i in range(40):
    mask = np.abs(z) <= 2
    z[mask] = z[mask] ** 2 + c[mask]
    count[mask] += 1
print((count == 40).mean().round(3))
plt.imshow(count, cmap="hot", extent=(-2, 1, -1.2, 1.2))
plt.show()
