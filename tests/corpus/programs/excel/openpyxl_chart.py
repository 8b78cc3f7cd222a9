# /// expect
# stdout = "1 chart(s)\n"
# files = ["chart.xlsx"]
# ///
from openpyxl import Workbook, load_workbook
from openpyxl.chart import BarChart, LineChart, Reference

wb = Workbook()
ws = wb.active
for row in [["Month", "Sales"], ["Jan", 10], ["Feb", 40], ["Mar", 30]]:
    ws.append(row)
chart = BarChart()
chart.title = "Sales"
chart.add_data(Reference(ws, min_col=2, min_row=1, max_row=4), titles_from_data=True)
chart.set_categories(Reference(ws, min_col=1, min_row=2, max_row=4))
ws.add_chart(chart, "E2")
wb.save("/mnt/data/chart.xlsx")
print(len(load_workbook("/mnt/data/chart.xlsx").active._charts), "chart(s)")
