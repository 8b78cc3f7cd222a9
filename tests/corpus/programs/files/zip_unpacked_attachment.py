# /// session
# attach = ["months.zip"]
# unpack = true
# ///
# /// expect
# stdout = "feb.csv 6\njan.csv 6\nmar.csv 6\n"
# ///
from pathlib import Path

for path in sorted(Path("/mnt/data").rglob("*.csv")):
    print(path.name, len(path.read_text().splitlines()))
