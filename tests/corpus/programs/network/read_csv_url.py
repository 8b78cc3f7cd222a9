# /// expect
# error = "URLError"
# ///
import pandas as pd

df = pd.read_csv("https://example.com/iris.csv")
