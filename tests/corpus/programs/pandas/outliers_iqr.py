# /// expect
# stdout = "Outliers: [-30.0, 120.0]\nMean without outliers: 49.98\n"
# ///
import pandas as pd
import numpy as np

np.random.seed(11)
values = np.concatenate([np.random.normal(50, 5, 98), [120, -30]])
df = pd.DataFrame({"value": values})

Q1, Q3 = df["value"].quantile([0.25, 0.75])
IQR = Q3 - Q1
mask = (df["value"] < Q1 - 1.5 * IQR) | (df["value"] > Q3 + 1.5 * IQR)
print("Outliers:", sorted(df.loc[mask, "value"].round(1).tolist()))
print("Mean without outliers:", df.loc[~mask, "value"].mean().round(2))
