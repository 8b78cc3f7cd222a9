# /// expect
# images = 2
# ///
import numpy as np
import pandas as pd
import seaborn as sns
import matplotlib.pyplot as plt

np.random.seed(3)
df = pd.DataFrame(np.random.rand(10, 4), columns=list("wxyz"))
sns.clustermap(df, figsize=(5, 5))
plt.show()
sns.jointplot(data=df, x="w", y="x", kind="hex", height=4)
plt.show()
