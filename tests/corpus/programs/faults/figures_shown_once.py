# /// expect
# images = 1
# ///
import matplotlib.pyplot as plt
fig, ax = plt.subplots(); ax.plot([1, 2])
fig

# %%
# /// expect
# images = 1
# ///
fig, ax = plt.subplots(); ax.plot([1, 2])
display(fig)

# %%
# /// expect
# images = 1
# text_contains = ["Figure"]
# ///
def plot():
    fig, ax = plt.subplots(); ax.plot([1, 2])
    plt.show()
    return fig
plot()

# %%
# /// expect
# images = 1
# files = ["chart.png"]
# ///
plt.plot([1, 2]); plt.savefig("chart.png"); plt.show()

# %% A figure that changes after it was shown.
# /// expect
# images = 2
# ///
fig, ax = plt.subplots(); ax.plot([1, 2])
display(fig)
ax.set_title("new")
None

# %% A figure of an earlier cell.
# /// expect
# images = 1
# ///
fig

# %%
# /// expect
# images = 2
# ///
a, ax = plt.subplots(); ax.plot([1, 2])
b, ax = plt.subplots(); ax.plot([2, 1])
b
