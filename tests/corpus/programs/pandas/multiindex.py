# /// expect
# stdout = "{'sales': {'Q1': 30, 'Q2': 40}, 'costs': {'Q1': 12, 'Q2': 20}}\n{'2023': 10, '2024': 30}\n[[10, 20], [30, 40]]\n[[30, 13], [70, 32]]\n"
# ///
import pandas as pd
import numpy as np

idx = pd.MultiIndex.from_product([["2023", "2024"], ["Q1", "Q2"]], names=["year", "quarter"])
df = pd.DataFrame({"sales": [10, 20, 30, 40], "costs": [5, 8, 12, 20]}, index=idx)
print(df.loc["2024"].to_dict())
print(df.xs("Q1", level="quarter")["sales"].to_dict())
print(df.unstack("quarter")["sales"].values.tolist())
print(df.groupby(level="year").sum().values.tolist())
