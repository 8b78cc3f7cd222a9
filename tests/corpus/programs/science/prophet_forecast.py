# /// session
# time_limit = 120
# ///
# /// expect
# stdout = "35 True\n"
# stderr_lines = 8
# ///
import logging
import numpy as np
import pandas as pd
from prophet import Prophet

logging.getLogger("cmdstanpy").setLevel(logging.WARNING)
df = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=28), "y": np.arange(28) * 2.0})
m = Prophet(weekly_seasonality=False, daily_seasonality=False, yearly_seasonality=False)
m.fit(df)
forecast = m.predict(m.make_future_dataframe(periods=7))
print(len(forecast), abs(forecast["yhat"].iloc[-1] - 68) < 2)
