# /// session
# attach = ["ventas_latin1.csv", "sales_bom.csv"]
# ///
# /// expect
# stdout = "sales_bom.csv utf-8-sig (120, 5)\nventas_latin1.csv latin-1 (24, 4)\n"
# ///
import glob
import chardet
import pandas as pd

for path in sorted(glob.glob("/mnt/data/*.csv")):
    with open(path, "rb") as f:
        raw = f.read()
    encoding = chardet.detect(raw)["encoding"]
    encoding = "utf-8-sig" if encoding.upper().startswith("UTF") else "latin-1"
    df = pd.read_csv(path, sep=None, engine="python", encoding=encoding)
    print(path.split("/")[-1], encoding, df.shape)
