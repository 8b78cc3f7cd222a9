# /// expect
# stdout_contains = ["saved True"]
# files = ["anim.mp4"]
# stderr_lines = 6
# ///
import os
import matplotlib.pyplot as plt
import matplotlib.animation as animation

fig, ax = plt.subplots()
dot, = ax.plot([], [], "ro")
ax.set_xlim(0, 10)
ax.set_ylim(0, 10)

def animate(i):
    dot.set_data([i], [i])
    return dot,

ani = animation.FuncAnimation(fig, animate, frames=10)
ani.save("/mnt/data/anim.mp4", writer="ffmpeg", fps=10)
plt.close()
print("saved", os.path.getsize("/mnt/data/anim.mp4") > 1000)
