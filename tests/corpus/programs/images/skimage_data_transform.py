# /// expect
# stdout = "(64, 64) 0.528 (32, 16)\n0.5 1.0\n"
# ///
import numpy as np
from skimage import color, exposure, transform
from skimage.metrics import structural_similarity

y, x = np.mgrid[0:64, 0:64]
img = np.stack([x, y, x + y], axis=-1) / 128.0
gray = color.rgb2gray(img)
print(gray.shape, round(float(gray.max()), 3), transform.resize(gray, (32, 16)).shape)
print(round(float(exposure.equalize_hist(gray).mean()), 2), structural_similarity(gray, gray, data_range=1.0))
