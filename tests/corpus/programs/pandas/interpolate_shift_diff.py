# /// expect
# stdout = "[10.0, 20.0, 30.0, 40.0, 50.0, 60.0]\n[10.0, 10.0, 30.0, 30.0, 30.0, 60.0]\n[nan, 0.0, 20.0, 0.0, 0.0, 30.0]\n[nan, 0.0, 2.0, 0.0, 0.0, 1.0]\n[nan, 10.0, 10.0, 30.0, 30.0, 30.0]\n"
# stderr_lines = 4
# ///
import numpy as np
import pandas as pd

s = pd.Series([10.0, np.nan, 30.0, np.nan, np.nan, 60.0])
print(s.interpolate().tolist())
print(s.fillna(method="ffill").tolist())
filled = s.ffill()
print(filled.diff().tolist())
print(filled.pct_change().round(2).tolist())
print(filled.shift(1).tolist())
