# /// expect
# stdout = "8 frames, collage (120, 60)\n"
# files = ["ball.gif", "collage.webp"]
# ///
from PIL import Image, ImageDraw

frames = []
for i in range(8):
    frame = Image.new("RGB", (60, 60), "white")
    ImageDraw.Draw(frame).ellipse((i * 5, 20, i * 5 + 20, 40), fill="red")
    frames.append(frame)
frames[0].save("/mnt/data/ball.gif", save_all=True, append_images=frames[1:], duration=80, loop=0)
collage = Image.new("RGB", (120, 60))
collage.paste(frames[0], (0, 0))
collage.paste(frames[-1], (60, 0))
collage.save("/mnt/data/collage.webp")
print(f"{Image.open('/mnt/data/ball.gif').n_frames} frames, collage {Image.open('/mnt/data/collage.webp').size}")
