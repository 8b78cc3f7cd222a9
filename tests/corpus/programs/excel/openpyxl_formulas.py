# /// expect
# stdout = "=SUM(B2:B4)\nNone\n"
# files = ["budget.xlsx"]
# ///
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

wb = Workbook()
ws = wb.active
ws.title = "Budget"
ws.append(["Item", "Cost"])
for row in [("Rent", 900), ("Food", 350), ("Travel", 120)]:
    ws.append(row)
ws["B5"] = "=SUM(B2:B4)"
ws["A5"] = "Total"
for cell in ws[1]:
    cell.font = Font(bold=True)
    cell.fill = PatternFill("solid", fgColor="FFFF00")
    cell.alignment = Alignment(horizontal="center")
for i in range(1, 3):
    ws.column_dimensions[get_column_letter(i)].width = 15
ws.freeze_panes = "A2"
wb.save("/mnt/data/budget.xlsx")

print(load_workbook("/mnt/data/budget.xlsx")["Budget"]["B5"].value)
print(load_workbook("/mnt/data/budget.xlsx", data_only=True)["Budget"]["B5"].value)
