# /// expect
# stdout = "1\n"
# files = ["chart.xlsx"]
# ///
import pandas as pd

df = pd.DataFrame({"Month": ["Jan", "Feb", "Mar"], "Sales": [120, 150, 90]})
writer = pd.ExcelWriter("/mnt/data/chart.xlsx", engine="xlsxwriter")
df.to_excel(writer, sheet_name="Sales", index=False)
workbook = writer.book
worksheet = writer.sheets["Sales"]
chart = workbook.add_chart({"type": "column"})
chart.add_series({"name": "Sales", "categories": "=Sales!$A$2:$A$4", "values": "=Sales!$B$2:$B$4"})
worksheet.insert_chart("D2", chart)
writer.close()

from openpyxl import load_workbook
print(len(load_workbook("/mnt/data/chart.xlsx")["Sales"]._charts))
