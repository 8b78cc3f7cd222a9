# /// expect
# displays = 1
# ///
import matplotlib.pyplot as plt
from matplotlib.animation import FuncAnimation
from IPython.display import HTML

fig, ax = plt.subplots()
line, = ax.plot([0, 1], [0, 0])
anim = FuncAnimation(fig, lambda i: line.set_ydata([0, i]), frames=3)
plt.close(fig)
display(HTML(anim.to_jshtml()))
