# /// expect
# stdout = "2 [1.0, 'x']\n"
# files = ["old.xls"]
# ///
import xlrd
import xlwt

book = xlwt.Workbook()
sheet = book.add_sheet("Data")
sheet.write(0, 0, 1)
sheet.write(0, 1, "x")
sheet.write(1, 0, 2)
book.save("/mnt/data/old.xls")
data = xlrd.open_workbook("/mnt/data/old.xls").sheet_by_index(0)
print(data.nrows, data.row_values(0))
