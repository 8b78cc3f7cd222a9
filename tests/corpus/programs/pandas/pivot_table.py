# /// session
# attach = ["sales_bom.csv"]
# ///
# /// expect
# stdout = "region   east  north  south   All\nmonth                            \n2024-01   194    223    212   629\n2024-02   173    312    120   605\n2024-03   210    250    139   599\n2024-04   266    186    206   658\nAll       843    971    677  2491\n"
# files = ["pivot.xlsx"]
# ///
import pandas as pd

df = pd.read_csv("/mnt/data/sales_bom.csv", parse_dates=["date"])
df["month"] = df["date"].dt.to_period("M").astype(str)

pivot = pd.pivot_table(df, values="units", index="month", columns="region",
                       aggfunc="sum", fill_value=0, margins=True)
print(pivot)
pivot.to_excel("/mnt/data/pivot.xlsx")
