# /// expect
# stdout = "[0.0, 5.0, 8.66] 6.0\n"
# images = 1
# ///
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
from statsmodels.tsa.seasonal import seasonal_decompose

idx = pd.date_range("2020-01-01", periods=48, freq="MS")
y = pd.Series(np.arange(48) + 10 * np.sin(np.arange(48) * 2 * np.pi / 12), index=idx)
result = seasonal_decompose(y, model="additive", period=12)
print((result.seasonal.head(3).round(3) + 0).tolist(), result.trend.dropna().iloc[0].round(3))
result.plot()
plt.show()
