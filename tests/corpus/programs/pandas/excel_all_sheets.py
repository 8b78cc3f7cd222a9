# /// session
# attach = ["orders.xlsx"]
# ///
# /// expect
# stdout = "Orders: 30 rows x 4 columns\n['order_id', 'customer_id', 'date', 'amount']\nCustomers: 5 rows x 3 columns\n['customer_id', 'name', 'country']\n['Orders', 'Customers']\n"
# ///
import pandas as pd

sheets = pd.read_excel("/mnt/data/orders.xlsx", sheet_name=None)
for name, sheet in sheets.items():
    print(f"{name}: {sheet.shape[0]} rows x {sheet.shape[1]} columns")
    print(sheet.columns.tolist())

xl = pd.ExcelFile("/mnt/data/orders.xlsx")
print(xl.sheet_names)
