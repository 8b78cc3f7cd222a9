# /// expect
# error = "error"
# error_contains = ["cv2.imshow: there is no screen here", "plt.imshow"]
# ///
import cv2
import numpy as np
cv2.imshow("image", np.zeros((9, 9, 3), np.uint8))

# %%
# /// expect
# error = "error"
# error_contains = ["cv2.waitKey: there is no screen here"]
# ///
cv2.waitKey(0)

# %% Other errors of OpenCV stay.
# /// expect
# error = "error"
# error_contains = ["cvtColor"]
# ///
cv2.cvtColor(np.zeros((0, 0), np.uint8), cv2.COLOR_BGR2GRAY)
