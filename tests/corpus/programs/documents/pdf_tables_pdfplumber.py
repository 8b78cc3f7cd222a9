# /// session
# attach = ["report.pdf"]
# ///
# /// expect
# stdout = "2544 ['Quarter', 'Revenue', 'Costs']\nOutlook\n"
# ///
import pandas as pd
import pdfplumber

with pdfplumber.open("/mnt/data/report.pdf") as pdf:
    table = pdf.pages[0].extract_table()
    words = pdf.pages[1].extract_text()
df = pd.DataFrame(table[1:], columns=table[0])
df["Revenue"] = df["Revenue"].astype(int)
print(df["Revenue"].sum(), df.columns.tolist())
print(words.splitlines()[0])
