# /// expect
# stdout = "Last price 103.70, MA7 103.03, MA30 101.34\nNaN in MA30: 29\n"
# images = 1
# ///
import pandas as pd
import numpy as np
import matplotlib.pyplot as plt

np.random.seed(7)
dates = pd.date_range("2023-01-01", periods=120, freq="D")
price = pd.Series(100 + np.random.randn(120).cumsum(), index=dates, name="price")

ma7 = price.rolling(window=7).mean()
ma30 = price.rolling(window=30).mean()
print(f"Last price {price.iloc[-1]:.2f}, MA7 {ma7.iloc[-1]:.2f}, MA30 {ma30.iloc[-1]:.2f}")
print("NaN in MA30:", ma30.isna().sum())

ax = price.plot(figsize=(10, 5), label="Price", alpha=0.6)
ma7.plot(ax=ax, label="7-day MA")
ma30.plot(ax=ax, label="30-day MA")
ax.legend()
plt.title("Price with moving averages")
plt.show()
