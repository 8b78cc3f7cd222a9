# /// expect
# images = 1
# ///
import numpy as np
import matplotlib.pyplot as plt
import matplotlib.gridspec as gridspec

fig = plt.figure(constrained_layout=True)
gs = gridspec.GridSpec(2, 3, figure=fig)
big = fig.add_subplot(gs[:, :2])
small = fig.add_subplot(gs[0, 2])
last = fig.add_subplot(gs[1, 2])
t = np.linspace(0, 1, 100)
big.plot(t, t ** 2)
inset = big.inset_axes([0.1, 0.6, 0.3, 0.3])
inset.plot(t[:10], t[:10] ** 2)
small.hist(t)
last.scatter(t, 1 - t)
plt.show()
