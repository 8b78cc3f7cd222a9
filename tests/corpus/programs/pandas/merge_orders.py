# /// session
# attach = ["orders.xlsx"]
# ///
# /// expect
# stdout = "(30, 4) (5, 3)\n{'both': 25, 'left_only': 5}\n{'PE': 1669.86, 'NO': 1657.1, 'IT': 147.1}\n"
# ///
import pandas as pd

# Read both sheets
orders = pd.read_excel("/mnt/data/orders.xlsx", sheet_name="Orders")
customers = pd.read_excel("/mnt/data/orders.xlsx", sheet_name="Customers")
print(orders.shape, customers.shape)

merged = orders.merge(customers, on="customer_id", how="left", indicator=True)
print(merged["_merge"].value_counts().loc[["both", "left_only"]].to_dict())
print(merged.groupby("country")["amount"].sum().sort_values(ascending=False).round(2).to_dict())
