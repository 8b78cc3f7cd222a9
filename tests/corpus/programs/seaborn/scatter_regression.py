# /// expect
# images = 2
# stdout = "0.938\n"
# ///
import numpy as np
import pandas as pd
import seaborn as sns
import matplotlib.pyplot as plt

np.random.seed(42)
df = pd.DataFrame({"hours": np.random.uniform(0, 10, 40)})
df["score"] = 50 + 4 * df["hours"] + np.random.normal(0, 5, 40)
df["group"] = np.where(df["hours"] > 5, "high", "low")

sns.scatterplot(data=df, x="hours", y="score", hue="group")
plt.title("Scores")
plt.show()

sns.lmplot(data=df, x="hours", y="score", height=4)
plt.show()
print(df["hours"].corr(df["score"]).round(3))
