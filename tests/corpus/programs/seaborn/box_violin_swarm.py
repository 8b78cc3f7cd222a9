# /// expect
# images = 3
# stderr_lines = 10
# ///
import numpy as np
import pandas as pd
import seaborn as sns
import matplotlib.pyplot as plt

np.random.seed(2)
df = pd.DataFrame({"dose": np.repeat(["low", "mid", "high"], 20), "response": np.random.gamma(2, 2, 60)})
sns.boxplot(x="dose", y="response", data=df, palette="Set2")
plt.show()
sns.violinplot(x="dose", y="response", data=df, inner="quartile")
plt.show()
sns.swarmplot(x="dose", y="response", data=df, size=4)
plt.show()
