# /// session
# attach = ["photo.png"]
# ///
# /// expect
# images = 1
# stderr_lines = 0
# ///
from PIL import Image

img = Image.open("/mnt/data/photo.png")
img.show()
