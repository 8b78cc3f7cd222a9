# /// session
# attach = ["sales_bom.csv"]
# ///
# /// expect
# stdout = "east Café mug 3828.4\nnorth Widget 4947.55\nsouth Café mug 3127.9\n[760.0, 665.0, 646.0]\n"
# ///
import pandas as pd

df = pd.read_csv("/mnt/data/sales_bom.csv")
df["revenue"] = df["units"] * df["price"]

# Top product for each region
by = df.groupby(["region", "product"], as_index=False)["revenue"].sum()
by["rank"] = by.groupby("region")["revenue"].rank(ascending=False, method="dense").astype(int)
top = by[by["rank"] == 1]
for row in top.itertuples():
    print(row.region, row.product, round(row.revenue, 2))
print(df.nlargest(3, "revenue")["revenue"].round(2).tolist())
