# /// expect
# stdout_contains = ["No data"]
# stderr_lines = 8
# ///
try:
    import yfinance as yf
    df = yf.download("AAPL", period="1mo", progress=False)
    print("No data" if df is None or df.empty else df.shape)
except Exception as e:
    print("No data:", type(e).__name__)
