# /// expect
# stdout = "bought  no  yes\ngender         \nF       70   29\nM       70   31\n{'no': 0.707, 'yes': 0.293}\n"
# ///
import pandas as pd
import numpy as np

np.random.seed(0)
df = pd.DataFrame({
    "gender": np.random.choice(["F", "M"], 200),
    "bought": np.random.choice(["yes", "no"], 200, p=[0.3, 0.7]),
})
table = pd.crosstab(df["gender"], df["bought"])
print(table)
print(pd.crosstab(df["gender"], df["bought"], normalize="index").round(3).loc["F"].to_dict())
