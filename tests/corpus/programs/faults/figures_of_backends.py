# /// expect
# images = 1
# stderr = ""
# ///
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
plt.plot([1, 5, 2])
plt.show()

# %% A figure that is left open.
# /// expect
# stdout = "agg\n"
# images = 1
# ///
plt.figure(); plt.plot([3, 1]); print(plt.get_backend().lower())

# %% After pyplot's import.
# /// expect
# images = 1
# stderr = ""
# ///
matplotlib.use("TkAgg")
plt.plot([1, 2]); plt.show()

# %%
# /// expect
# images = 4
# stderr = ""
# ///
for backend in ("QtAgg", "nbAgg", "WebAgg", "SVG"):
    plt.switch_backend(backend)
    plt.plot([1, 2]); plt.show()

# %% The format of a file is that of the backend.
# /// expect
# images = 1
# files = ["chart.pdf"]
# ///
plt.switch_backend("pdf")
fig, ax = plt.subplots(); ax.plot([1, 2]); fig.savefig("chart")

# %%
# /// expect
# images = 1
# stderr = ""
# ///
%matplotlib notebook
plt.plot([1, 2]); plt.show()

# %%
# /// expect
# images = 3
# stderr = ""
# ///
%matplotlib qt
plt.plot([1, 2]); plt.show()
%matplotlib agg
plt.plot([1, 2]); plt.show()
%matplotlib widget
plt.plot([1, 2])
None

# %%
# /// expect
# images = 1
# ///
%matplotlib inline
plt.plot([1, 2])
None

# %% `fig.show()` of a figure that is closed before the end.
# /// expect
# images = 1
# ///
fig, ax = plt.subplots(); ax.plot([1, 2]); fig.show(); plt.close(fig)

# %% A figure that is closed without being shown.
# /// expect
# images = 0
# ///
fig, ax = plt.subplots(); ax.plot([1, 2]); plt.close(fig)
