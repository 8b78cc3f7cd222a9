# /// expect
# stdout = "objects: 3 [True, True, True]\n"
# images = 1
# ///
import matplotlib.pyplot as plt
import numpy as np
from skimage import filters, measure, morphology
from skimage.draw import disk

img = np.zeros((80, 80))
for center in [(20, 20), (50, 55), (65, 15)]:
    img[disk(center, 9)] = 1.0
np.random.seed(0)
noisy = img + np.random.normal(0, 0.1, img.shape)
binary = morphology.opening(noisy > filters.threshold_otsu(noisy))
labels = measure.label(binary)
print("objects:", labels.max(), [int(r.area) > 200 for r in measure.regionprops(labels)])
plt.imshow(labels, cmap="nipy_spectral")
plt.show()
