# /// expect
# stdout = "20 frames\n"
# files = ["wave.gif"]
# ///
import numpy as np
import matplotlib.pyplot as plt
from matplotlib.animation import FuncAnimation, PillowWriter
from PIL import Image

fig, ax = plt.subplots(figsize=(4, 3))
x = np.linspace(0, 2 * np.pi, 100)
line, = ax.plot(x, np.sin(x))

def update(frame):
    line.set_ydata(np.sin(x + frame / 3))
    return line,

anim = FuncAnimation(fig, update, frames=20, interval=50, blit=True)
anim.save("/mnt/data/wave.gif", writer=PillowWriter(fps=20))
plt.close()
print(Image.open("/mnt/data/wave.gif").n_frames, "frames")
