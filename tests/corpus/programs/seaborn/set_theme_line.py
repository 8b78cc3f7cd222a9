# /// expect
# images = 1
# ///
import numpy as np
import pandas as pd
import seaborn as sns
import matplotlib.pyplot as plt

sns.set_theme(style="whitegrid", palette="muted")
df = pd.DataFrame({"day": list(range(10)) * 2, "value": np.arange(20) % 7, "kind": ["a"] * 10 + ["b"] * 10})
sns.lineplot(data=df, x="day", y="value", hue="kind", marker="o")
plt.show()
