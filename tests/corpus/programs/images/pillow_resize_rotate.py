# /// session
# attach = ["photo.png"]
# ///
# /// expect
# stdout = "(160, 120) RGB PNG\n(80, 60) (120, 160)\n"
# files = ["rotated.png", "thumbnail.jpg"]
# ///
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

img = Image.open("/mnt/data/photo.png")
print(img.size, img.mode, img.format)
thumb = img.copy()
thumb.thumbnail((80, 80))
thumb.convert("RGB").save("/mnt/data/thumbnail.jpg", quality=90)
rotated = ImageOps.mirror(img.rotate(90, expand=True)).filter(ImageFilter.GaussianBlur(1))
rotated = ImageEnhance.Contrast(rotated).enhance(1.5)
rotated.save("/mnt/data/rotated.png")
print(thumb.size, rotated.size)
