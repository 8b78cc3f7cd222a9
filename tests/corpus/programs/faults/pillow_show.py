# /// expect
# images = 3
# ///
from PIL import Image
image = Image.new("RGB", (20, 20), "red")
image.show()
Image.new("CMYK", (20, 20)).show()
image

# %%
# /// expect
# images = 1
# ///
display(image)
