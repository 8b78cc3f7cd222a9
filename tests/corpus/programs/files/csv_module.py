# /// session
# attach = ["sales_bom.csv"]
# ///
# /// expect
# stdout = "region,units\neast,843\nnorth,971\nsouth,677\n\n"
# files = ["totals.csv"]
# ///
import csv
from collections import defaultdict

totals = defaultdict(int)
with open("/mnt/data/sales_bom.csv", newline="", encoding="utf-8-sig") as f:
    for row in csv.DictReader(f):
        totals[row["region"]] += int(row["units"])
with open("/mnt/data/totals.csv", "w", newline="") as f:
    writer = csv.writer(f)
    writer.writerow(["region", "units"])
    writer.writerows(sorted(totals.items()))
print(open("/mnt/data/totals.csv").read().replace("\r\n", "\n"))
