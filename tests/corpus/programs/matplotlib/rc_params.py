# /// expect
# images = 1
# stdout = "[10.0, 6.0] 14.0\n"
# ///
import matplotlib as mpl
import matplotlib.pyplot as plt
from cycler import cycler

plt.rcParams["figure.figsize"] = (10, 6)
plt.rcParams.update({"font.size": 14, "axes.spines.top": False, "axes.spines.right": False})
mpl.rcParams["axes.prop_cycle"] = cycler(color=["#e41a1c", "#377eb8", "#4daf4a"])
fig, ax = plt.subplots()
for k in range(3):
    ax.plot([0, 1], [k, k + 1])
print(plt.rcParams["figure.figsize"], plt.rcParams["font.size"])
plt.show()
