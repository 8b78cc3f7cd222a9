# /// expect
# stdout = "(330, 330)\n"
# files = ["qr.png"]
# ///
import qrcode
from PIL import Image

img = qrcode.make("https://example.com")
img.save("/mnt/data/qr.png")
print(Image.open("/mnt/data/qr.png").size)
