# /// session
# attach = ["sales_bom.csv"]
# ///
# /// expect
# stdout = "[['north', 971], ['east', 843], ['south', 677]]\n(120,)\n"
# ///
import duckdb
import pandas as pd

df = pd.read_csv("/mnt/data/sales_bom.csv")
result = duckdb.query("SELECT region, SUM(units)::INT AS units FROM df GROUP BY region ORDER BY units DESC").df()
print(result.values.tolist())
print(duckdb.sql("SELECT COUNT(*) FROM read_csv_auto('/mnt/data/sales_bom.csv')").fetchone())
