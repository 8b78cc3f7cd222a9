# /// expect
# images = 1
# ///
import numpy as np
import pandas as pd
import seaborn as sns
import matplotlib.pyplot as plt

np.random.seed(1)
df = pd.DataFrame(np.random.randn(40, 3), columns=["a", "b", "c"])
df["label"] = np.random.choice(["x", "y"], 40)
sns.pairplot(df, hue="label", height=1.8)
plt.show()
