# /// session
# attach = ["stock.csv"]
# ///
# /// expect
# files = ["candles.html"]
# ///
import pandas as pd
import plotly.graph_objects as go

df = pd.read_csv("/mnt/data/stock.csv", parse_dates=["Date"])
fig = go.Figure(data=[go.Candlestick(x=df["Date"], open=df["Open"], high=df["High"], low=df["Low"], close=df["Close"])])
fig.update_layout(xaxis_rangeslider_visible=False)
fig.write_html("/mnt/data/candles.html", include_plotlyjs="cdn")
