# /// session
# attach = ["months.zip"]
# ///
# /// expect
# stdout = "['months/jan.csv', 'months/feb.csv', 'months/mar.csv']\n15 {'feb': 234, 'jan': 215, 'mar': 219}\n"
# files = ["extracted/months/feb.csv", "extracted/months/jan.csv", "extracted/months/mar.csv"]
# ///
import os
import zipfile
import pandas as pd

with zipfile.ZipFile("/mnt/data/months.zip") as z:
    print(z.namelist())
    z.extractall("/mnt/data/extracted")

frames = []
for root, dirs, names in os.walk("/mnt/data/extracted"):
    for name in sorted(names):
        frames.append(pd.read_csv(os.path.join(root, name)).assign(month=name[:3]))
df = pd.concat(frames)
print(len(df), df.groupby("month")["amount"].sum().to_dict())
