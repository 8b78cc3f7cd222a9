# /// expect
# stdout = "(10, 32, 32, 3)\n"
# files = ["fade.gif"]
# ///
import imageio.v2 as imageio
import numpy as np

frames = [np.full((32, 32, 3), i * 25, dtype=np.uint8) for i in range(10)]
imageio.mimsave("/mnt/data/fade.gif", frames, duration=0.1)
back = imageio.mimread("/mnt/data/fade.gif")
print(np.stack([f[..., :3] for f in back]).shape)
