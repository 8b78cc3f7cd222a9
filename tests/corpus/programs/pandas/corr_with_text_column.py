# /// expect
# error = "ValueError"
# error_contains = ["could not convert string to float"]
# ///
import pandas as pd

df = pd.DataFrame({"a": [1, 2, 3], "b": [2, 4, 7], "label": ["x", "y", "z"]})
df.corr()
# %%
# /// expect
# stdout = "0.9934\n"
# ///
print(round(df.corr(numeric_only=True).loc["a", "b"], 4))
