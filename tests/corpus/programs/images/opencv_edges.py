# /// session
# attach = ["photo.png"]
# ///
# /// expect
# stdout = "(120, 160, 3) uint8 True\n"
# images = 1
# files = ["edges.png"]
# ///
import cv2
import matplotlib.pyplot as plt

img = cv2.imread("/mnt/data/photo.png")
gray = cv2.cvtColor(img, cv2.COLOR_BGR2GRAY)
blur = cv2.GaussianBlur(gray, (5, 5), 0)
edges = cv2.Canny(blur, 50, 150)
print(img.shape, gray.dtype, (edges > 0).any())
cv2.imwrite("/mnt/data/edges.png", edges)
plt.imshow(cv2.cvtColor(img, cv2.COLOR_BGR2RGB))
plt.axis("off")
plt.show()
