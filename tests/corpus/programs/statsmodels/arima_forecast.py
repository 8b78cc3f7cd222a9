# /// expect
# stdout = "2023-04-11 3 True\n"
# stderr_lines = 8
# ///
import warnings
warnings.filterwarnings("ignore")
import numpy as np
import pandas as pd
from statsmodels.tsa.arima.model import ARIMA

np.random.seed(0)
y = pd.Series(np.cumsum(np.random.randn(100)) + 50, index=pd.date_range("2023-01-01", periods=100))
fit = ARIMA(y, order=(1, 1, 0)).fit()
forecast = fit.forecast(steps=3)
print(forecast.index[0].date(), len(forecast), abs(forecast.iloc[0] - y.iloc[-1]) < 2)
