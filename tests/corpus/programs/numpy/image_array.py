# /// expect
# stdout = "(64, 64, 3) uint8\n"
# images = 1
# ///
import numpy as np
import matplotlib.pyplot as plt

img = np.zeros((64, 64, 3), dtype=np.uint8)
img[16:48, 16:48] = [255, 0, 0]
img[:, 32] = 255
print(img.shape, img.dtype)
plt.imshow(img)
plt.axis("off")
plt.show()
