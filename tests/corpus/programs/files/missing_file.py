# /// expect
# error = "FileNotFoundError"
# error_contains = ["/mnt/data/sales_2024.csv"]
# ///
import pandas as pd

df = pd.read_csv("/mnt/data/sales_2024.csv")
# %%
# /// expect
# stdout = "[]\n"
# ///
import os
print(os.listdir("/mnt/data"))
