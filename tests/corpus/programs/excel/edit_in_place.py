# /// session
# attach = ["orders.xlsx"]
# ///
# /// expect
# stdout = "['Orders', 'Customers'] 31 4\n5461.8\n"
# files = ["orders.xlsx"]
# ///
from openpyxl import load_workbook

wb = load_workbook("/mnt/data/orders.xlsx")
ws = wb["Orders"]
print(wb.sheetnames, ws.max_row, ws.max_column)
ws.cell(row=1, column=5, value="with_tax")
for row in range(2, ws.max_row + 1):
    ws.cell(row=row, column=5, value=round(ws.cell(row=row, column=4).value * 1.2, 2))
wb.save("/mnt/data/orders.xlsx")
total = sum(r[4] for r in load_workbook("/mnt/data/orders.xlsx")["Orders"].iter_rows(min_row=2, values_only=True))
print(round(total, 2))
