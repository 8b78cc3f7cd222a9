# /// expect
# images = 2
# ///
import pandas as pd
import seaborn as sns
import matplotlib.pyplot as plt

df = pd.DataFrame({"day": ["Mon", "Tue", "Mon", "Wed", "Tue", "Mon"], "tip": [1, 2, 3, 4, 5, 6]})
ax = sns.countplot(x="day", data=df)
for container in ax.containers:
    ax.bar_label(container)
plt.show()
sns.barplot(x="day", y="tip", data=df, estimator="mean", errorbar=None)
plt.show()
