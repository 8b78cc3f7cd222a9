# /// expect
# stdout = "[6, 7, 8, 9]\n25 5\n[3, 4, 5, 6, 7]\n"
# ///
import pandas as pd

df = pd.DataFrame({"a": range(10), "b": range(10, 0, -1)})
limit = 4
print(df.query("a > @limit and b < 5")["a"].tolist())
df.eval("c = a * b", inplace=True)
print(df["c"].max(), df["c"].idxmax())
print(df.loc[df["c"].between(20, 25), "a"].tolist())
