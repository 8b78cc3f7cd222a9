# /// expect
# stdout = "(1000, 2) {'a': 338, 'b': 322, 'c': 340}\nTrue\n"
# files = ["data.parquet"]
# ///
import numpy as np
import pandas as pd

np.random.seed(1)
df = pd.DataFrame({
    "id": range(1000),
    "value": np.random.rand(1000),
    "label": np.random.choice(list("abc"), 1000),
})
df.to_parquet("/mnt/data/data.parquet", index=False)
back = pd.read_parquet("/mnt/data/data.parquet", columns=["id", "label"])
print(back.shape, back["label"].value_counts().sort_index().to_dict())
print(pd.read_parquet("/mnt/data/data.parquet").equals(df))
