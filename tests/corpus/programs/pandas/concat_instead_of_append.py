# /// expect
# error = "AttributeError"
# error_contains = ["append"]
# ///
import pandas as pd

df = pd.DataFrame({"x": [1, 2]})
df = df.append({"x": 3}, ignore_index=True)
# %%
# /// expect
# stdout = "[1, 2, 3]\n"
# ///
# append was removed: use concat
df = pd.concat([df, pd.DataFrame([{"x": 3}])], ignore_index=True)
print(df["x"].tolist())
