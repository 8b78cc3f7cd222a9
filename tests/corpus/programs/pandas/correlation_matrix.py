# /// expect
# stdout = "[[1.0, 1.0, -0.02], [1.0, 1.0, -0.01], [-0.02, -0.01, 1.0]]\n"
# images = 1
# ///
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt

np.random.seed(3)
x = np.random.randn(100)
df = pd.DataFrame({"x": x, "y": 2 * x + np.random.randn(100) * 0.1, "z": np.random.randn(100), "name": "row"})

corr = df.corr(numeric_only=True)
print(corr.round(2).values.tolist())

plt.matshow(corr, cmap="coolwarm", vmin=-1, vmax=1)
plt.xticks(range(len(corr.columns)), corr.columns)
plt.yticks(range(len(corr.columns)), corr.columns)
plt.colorbar()
plt.show()
