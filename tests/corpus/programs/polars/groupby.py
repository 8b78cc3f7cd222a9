# /// session
# attach = ["sales_bom.csv"]
# ///
# /// expect
# stdout = "(120, 5) ['date', 'region', 'product', 'units', 'price']\n[('Widget', 9339.18, 46), ('Café mug', 8811.82, 39), ('Gadget', 6062.68, 35)]\n"
# ///
import polars as pl

df = pl.read_csv("/mnt/data/sales_bom.csv", try_parse_dates=True)
print(df.shape, df.columns)
out = (
    df.with_columns((pl.col("units") * pl.col("price")).alias("revenue"))
    .group_by("product")
    .agg(pl.col("revenue").sum().round(2), pl.len().alias("n"))
    .sort("revenue", descending=True)
)
print(out.rows())
