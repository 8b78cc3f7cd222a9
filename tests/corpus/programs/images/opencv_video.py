# /// expect
# stdout = "20 frames of (48, 64, 3)\n"
# files = ["clip.avi"]
# ///
import cv2
import numpy as np

out = cv2.VideoWriter("/mnt/data/clip.avi", cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
for i in range(20):
    frame = np.full((48, 64, 3), i * 10, np.uint8)
    out.write(frame)
out.release()

cap = cv2.VideoCapture("/mnt/data/clip.avi")
count = 0
while True:
    ok, frame = cap.read()
    if not ok:
        break
    count += 1
    shape = frame.shape
cap.release()
print(count, "frames of", shape)
