# /// expect
# stdout = "[2.5, 8.5, 14.5, 20.5]\n[0, 36, 69]\n['00:00', '00:15', '00:30']\n"
# stderr_lines = 8
# ///
import pandas as pd
import numpy as np

idx = pd.date_range("2024-03-01", periods=72, freq="H")
load = pd.Series(np.arange(72) % 24, index=idx)
print(load.resample("6H").mean().head(4).tolist())
print(load.groupby(load.index.hour).sum().loc[[0, 12, 23]].tolist())
print(pd.date_range("2024-03-01", periods=3, freq="15T").strftime("%H:%M").tolist())
