# /// expect
# stdout = "region\nnorth    30\nsouth    12\nName: sales, dtype: int64\n"
# files = ["totals.csv"]
# ///
import pandas as pd

df = pd.DataFrame({"region": ["north", "south", "north"], "sales": [10, 12, 20]})
totals = df.groupby("region")["sales"].sum()
print(totals)
totals.to_csv("/mnt/data/totals.csv")
# %%
# /// expect
# images = 1
# ///
import matplotlib.pyplot as plt

totals.plot(kind="bar", title="Sales by region")
plt.tight_layout()
plt.show()
