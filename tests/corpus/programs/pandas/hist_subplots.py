# /// expect
# images = 2
# ///
import pandas as pd
import numpy as np
import matplotlib.pyplot as plt

np.random.seed(0)
df = pd.DataFrame({"height": np.random.normal(170, 10, 300), "weight": np.random.normal(70, 12, 300)})
df.hist(bins=20, figsize=(10, 4))
plt.suptitle("Distributions")
plt.show()

df.boxplot(column=["height", "weight"])
plt.show()
