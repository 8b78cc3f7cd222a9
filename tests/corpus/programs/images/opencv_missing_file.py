# /// expect
# error = "error"
# error_contains = ["!_src.empty()"]
# stderr_lines = 2
# ///
import cv2

img = cv2.imread("/mnt/data/does_not_exist.jpg")
gray = cv2.cvtColor(img, cv2.COLOR_BGR2GRAY)
