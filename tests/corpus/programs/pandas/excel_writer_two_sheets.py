# /// expect
# stdout = "['Summary', 'Details']\n(3, 2)\n"
# files = ["report.xlsx"]
# ///
import pandas as pd
from openpyxl import load_workbook

df = pd.DataFrame({"region": ["N", "S", "E"], "sales": [100, 200, 300]})
with pd.ExcelWriter("/mnt/data/report.xlsx", engine="openpyxl") as writer:
    df.describe().to_excel(writer, sheet_name="Summary")
    df.to_excel(writer, sheet_name="Details", index=False)

print(load_workbook("/mnt/data/report.xlsx").sheetnames)
print(pd.read_excel("/mnt/data/report.xlsx", sheet_name="Details").shape)
