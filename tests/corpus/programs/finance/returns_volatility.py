# /// session
# attach = ["stock.csv"]
# ///
# /// expect
# stdout = "Annual volatility 24.63%, total return 16.40%, max drawdown -11.40%\n"
# images = 1
# ///
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt

df = pd.read_csv("/mnt/data/stock.csv", parse_dates=["Date"], index_col="Date")
df["return"] = df["Close"].pct_change()
vol = df["return"].std() * np.sqrt(252)
cum = (1 + df["return"].fillna(0)).cumprod()
drawdown = (cum / cum.cummax() - 1).min()
print(f"Annual volatility {vol:.2%}, total return {cum.iloc[-1] - 1:.2%}, max drawdown {drawdown:.2%}")
df["Close"].plot(title="Close")
plt.show()
