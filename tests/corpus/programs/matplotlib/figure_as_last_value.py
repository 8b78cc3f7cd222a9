# /// expect
# images = 1
# ///
import matplotlib.pyplot as plt

fig, ax = plt.subplots()
ax.plot([1, 2, 3])
fig
# %%
# /// expect
# images = 1
# ///
ax.set_title("Changed later")
fig
# %%
# /// expect
# images = 1
# ///
plt.close("all")
display(fig)
