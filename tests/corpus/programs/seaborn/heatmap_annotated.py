# /// expect
# images = 1
# ///
import numpy as np
import pandas as pd
import seaborn as sns
import matplotlib.pyplot as plt

np.random.seed(0)
corr = pd.DataFrame(np.random.rand(50, 4), columns=list("abcd")).corr()
plt.figure(figsize=(6, 5))
sns.heatmap(corr, annot=True, fmt=".2f", cmap="coolwarm", center=0, square=True)
plt.title("Correlation")
plt.show()
