# /// expect
# stdout_contains = ["HELLO 2024"]
# ///
import pytesseract
from PIL import Image, ImageDraw, ImageFont

img = Image.new("RGB", (500, 120), "white")
ImageDraw.Draw(img).text((20, 30), "HELLO 2024", fill="black", font=ImageFont.truetype("DejaVuSans.ttf", 56))
print(pytesseract.image_to_string(img).strip())
