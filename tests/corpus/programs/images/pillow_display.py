# /// session
# attach = ["photo.png"]
# ///
# /// expect
# images = 1
# ///
from PIL import Image

img = Image.open("/mnt/data/photo.png").convert("L")
img
# %%
# /// expect
# images = 2
# ///
display(img)
display(img.resize((40, 30)))
