# /// session
# attach = ["camera.jpg"]
# ///
# /// expect
# stdout = "Make Example\nOrientation 6\nDateTime 2024:05:01 10:00:00\n(80, 60) (60, 80)\n"
# ///
from PIL import Image, ImageOps
from PIL.ExifTags import TAGS

img = Image.open("/mnt/data/camera.jpg")
for tag_id, value in sorted(img.getexif().items()):
    print(TAGS.get(tag_id, tag_id), value)
print(img.size, ImageOps.exif_transpose(img).size)
