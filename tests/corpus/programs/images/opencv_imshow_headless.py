# /// expect
# error = "error"
# error_contains = ["imshow"]
# ///
import cv2
import numpy as np

cv2.imshow("window", np.zeros((10, 10)))
cv2.waitKey(0)
