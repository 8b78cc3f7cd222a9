# /// session
# attach = ["stock.csv"]
# ///
# /// expect
# images = 1
# stderr_lines = 2
# ///
import mplfinance as mpf
import pandas as pd

df = pd.read_csv("/mnt/data/stock.csv", index_col="Date", parse_dates=True)
mpf.plot(df, type="candle", mav=(5, 10), volume=True, style="yahoo", title="Stock")
