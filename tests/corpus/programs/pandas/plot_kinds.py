# /// expect
# images = 4
# ///
import pandas as pd
import numpy as np
import matplotlib.pyplot as plt

np.random.seed(0)
df = pd.DataFrame(np.random.rand(6, 3), columns=["a", "b", "c"], index=list("uvwxyz"))
df.plot(kind="bar", stacked=True, title="Stacked")
plt.show()
df.plot(kind="line")
plt.show()
df.plot.scatter(x="a", y="b", c="c", colormap="viridis")
plt.show()
df["a"].plot(kind="pie", autopct="%.0f%%")
plt.show()
