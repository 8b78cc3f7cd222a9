# /// session
# attach = ["photo.png"]
# ///
# /// expect
# stdout = "1 (20, 20, 41, 41)\nTrue (25, 50, 3)\n"
# ///
import cv2
import numpy as np

img = cv2.imread("/mnt/data/photo.png", cv2.IMREAD_GRAYSCALE)
_, mask = cv2.threshold(img, 250, 255, cv2.THRESH_BINARY)
contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
x, y, w, h = cv2.boundingRect(max(contours, key=cv2.contourArea))
print(len(contours), (x, y, w, h))
canvas = np.zeros((100, 100, 3), np.uint8)
cv2.putText(canvas, "Hi", (10, 60), cv2.FONT_HERSHEY_SIMPLEX, 1, (0, 255, 0), 2)
print((canvas[:, :, 1] > 0).sum() > 50, cv2.resize(canvas, (50, 25)).shape)
