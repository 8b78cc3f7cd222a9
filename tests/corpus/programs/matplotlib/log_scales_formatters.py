# /// expect
# images = 1
# ///
import numpy as np
import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

fig, (a, b, c) = plt.subplots(1, 3, figsize=(12, 3))
x = np.logspace(0, 4, 50)
a.loglog(x, x ** 2)
b.semilogx(x, 1 / x)
b.yaxis.set_major_formatter(PercentFormatter(1.0))
c.plot(x, x * 1e6)
c.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"${v / 1e9:.1f}B"))
c.xaxis.set_major_locator(MaxNLocator(4))
plt.show()
