# /// expect
# images = 2
# ///
import numpy as np
import seaborn as sns
import matplotlib.pyplot as plt

np.random.seed(5)
x = np.random.normal(size=200)
sns.histplot(x, kde=True, bins=20)
plt.show()
sns.kdeplot(x=x, fill=True)
plt.show()
