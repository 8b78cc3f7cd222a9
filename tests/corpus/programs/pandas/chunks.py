# /// expect
# stdout = "10000 {0: 1269.927, 1: 1265.632, 2: 1256.495, 3: 1228.634}\n"
# files = ["big.csv"]
# ///
import numpy as np
import pandas as pd

np.random.seed(5)
pd.DataFrame({"k": np.random.randint(0, 4, 10000), "v": np.random.rand(10000)}).to_csv("/mnt/data/big.csv", index=False)

totals = None
rows = 0
for chunk in pd.read_csv("/mnt/data/big.csv", chunksize=2500):
    rows += len(chunk)
    part = chunk.groupby("k")["v"].sum()
    totals = part if totals is None else totals.add(part, fill_value=0)
print(rows, totals.round(3).to_dict())
