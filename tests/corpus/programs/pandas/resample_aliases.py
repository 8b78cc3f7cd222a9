# /// expect
# stdout = "[465, 1305, 2325]\n[45.0, 136.0, 227.5, 319.5]\n[365]\n2024-02-29 2024-12-31 2024-12-31\n"
# stderr_lines = 12
# ///
import pandas as pd
import numpy as np

s = pd.Series(range(366), index=pd.date_range("2024-01-01", periods=366, freq="D"))

monthly = s.resample("M").sum()
quarterly = s.resample("Q").mean()
yearly = s.resample("Y").max()
print(monthly.head(3).tolist())
print(quarterly.tolist())
print(yearly.tolist())
print(monthly.index[1].date(), quarterly.index[-1].date(), yearly.index[0].date())
