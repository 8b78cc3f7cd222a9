# /// expect
# stdout = "{'child': 2, 'young': 2, 'adult': 2, 'senior': 2}\n[0, 0, 1, 1, 2, 2, 3, 3]\n"
# ///
import pandas as pd

ages = pd.Series([5, 17, 18, 34, 35, 64, 65, 80])
groups = pd.cut(ages, bins=[0, 17, 34, 64, 120], labels=["child", "young", "adult", "senior"])
print(groups.value_counts().sort_index().to_dict())
quartile = pd.qcut(ages, 4, labels=False)
print(quartile.tolist())
