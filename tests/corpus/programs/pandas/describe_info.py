# /// session
# attach = ["sales_bom.csv"]
# ///
# /// expect
# stdout_contains = ["RangeIndex", "units", "memory usage"]
# ///
import pandas as pd

df = pd.read_csv("/mnt/data/sales_bom.csv")
print(df.info())
# %%
# /// expect
# text_contains = ["count", "mean", "std", "75%", "units", "price"]
# ///
df.describe()
# %%
# /// expect
# text_contains = ["2024-01-01", "north"]
# ///
df.head()
