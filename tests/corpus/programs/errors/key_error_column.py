# /// expect
# error = "KeyError"
# error_contains = ["Revenue"]
# ///
import pandas as pd

df = pd.DataFrame({"revenue ": [1, 2], "cost": [3, 4]})
df["Revenue"].sum()
# %%
# /// expect
# stdout = "['revenue', 'cost'] 3\n"
# ///
df.columns = df.columns.str.strip().str.lower()
print(df.columns.tolist(), df["revenue"].sum())
