# /// session
# attach = ["orders.xlsx"]
# ///
# /// expect
# stdout = "['Orders', 'Customers', 'Summary']\n"
# files = ["orders.xlsx"]
# ///
import pandas as pd

orders = pd.read_excel("/mnt/data/orders.xlsx")
summary = orders.groupby("customer_id")["amount"].agg(["count", "sum"])
with pd.ExcelWriter("/mnt/data/orders.xlsx", mode="a", engine="openpyxl", if_sheet_exists="replace") as writer:
    summary.to_excel(writer, sheet_name="Summary")
print(pd.ExcelFile("/mnt/data/orders.xlsx").sheet_names)
