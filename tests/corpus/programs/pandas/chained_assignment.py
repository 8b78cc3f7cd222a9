# /// expect
# stdout = "[0, 2, 0]\n[0, 2, 0] [99, 99]\n"
# stderr_lines = 30
# ///
import pandas as pd

df = pd.DataFrame({"group": ["a", "b", "a"], "value": [1, 2, 3]})
df["value"][df["group"] == "a"] = 0
print(df["value"].tolist())

subset = df[df["group"] == "a"].copy()
subset["value"] = 99
print(df["value"].tolist(), subset["value"].tolist())
