# /// session
# attach = ["stock.csv"]
# ///
# /// expect
# stdout = "17 113.75 78.9\n[99.48, 100.02]\n"
# ///
import numpy as np
import pandas as pd

df = pd.read_csv("/mnt/data/stock.csv", parse_dates=["Date"]).set_index("Date")
df["SMA10"] = df["Close"].rolling(10).mean()
df["EMA10"] = df["Close"].ewm(span=10, adjust=False).mean()
delta = df["Close"].diff()
gain = delta.clip(lower=0).rolling(14).mean()
loss = -delta.clip(upper=0).rolling(14).mean()
df["RSI"] = 100 - 100 / (1 + gain / loss)
df["signal"] = np.where(df["Close"] > df["SMA10"], 1, 0)
print(int(df["signal"].diff().abs().sum()), round(df["EMA10"].iloc[-1], 2), round(df["RSI"].iloc[-1], 1))
print(df["Close"].resample("W").last().head(2).tolist())
