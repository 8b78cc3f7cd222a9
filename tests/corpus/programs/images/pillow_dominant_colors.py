# /// session
# attach = ["photo.png"]
# ///
# /// expect
# stdout = "(120, 160, 3) [115.2, 117.0, 113.0]\n4 19200\n(255, 255, 255) (0, 0, 0) True\n"
# ///
import numpy as np
from PIL import Image

img = Image.open("/mnt/data/photo.png").convert("RGB")
arr = np.asarray(img)
print(arr.shape, arr.mean(axis=(0, 1)).round(1).tolist())
small = img.quantize(colors=4).convert("RGB").getcolors()
print(len(small), sum(n for n, _ in small))
print(img.getpixel((40, 40)), img.getpixel((100, 60)), img.histogram()[255] > 0)
