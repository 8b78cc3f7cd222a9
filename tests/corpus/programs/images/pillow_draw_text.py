# /// expect
# stdout = "True\n"
# images = 1
# files = ["banner.png"]
# ///
from PIL import Image, ImageDraw, ImageFont

img = Image.new("RGB", (400, 120), color=(73, 109, 137))
draw = ImageDraw.Draw(img)
try:
    font = ImageFont.truetype("arial.ttf", 36)
except OSError:
    font = ImageFont.truetype("DejaVuSans.ttf", 36)
draw.text((20, 40), "Hello, world", font=font, fill=(255, 255, 0))
draw.rectangle([5, 5, 395, 115], outline="white", width=3)
img.save("/mnt/data/banner.png")
print(draw.textlength("Hello", font=font) > 40)
img
