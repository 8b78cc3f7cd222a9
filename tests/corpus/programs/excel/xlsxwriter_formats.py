# /// expect
# stdout = "Report 0.25\n"
# files = ["formatted.xlsx"]
# ///
import datetime
import openpyxl
import xlsxwriter

workbook = xlsxwriter.Workbook("/mnt/data/formatted.xlsx")
sheet = workbook.add_worksheet("Report")
bold = workbook.add_format({"bold": True, "bg_color": "#DDDDDD"})
percent = workbook.add_format({"num_format": "0.0%"})
date = workbook.add_format({"num_format": "yyyy-mm-dd"})
sheet.write("A1", "Share", bold)
sheet.write("A2", 0.25, percent)
sheet.write_datetime("B2", datetime.datetime(2024, 5, 1), date)
sheet.conditional_format("A2:A10", {"type": "data_bar"})
sheet.set_column("A:B", 18)
workbook.close()
back = openpyxl.load_workbook("/mnt/data/formatted.xlsx")
print(back.sheetnames[0], back["Report"]["A2"].value)
