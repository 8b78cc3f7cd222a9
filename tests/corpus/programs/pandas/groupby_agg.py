# /// expect
# text = "            employees  avg_salary  max_years\ndepartment                                  \nHR                 18     59060.1         15\nIT                 18     52083.9         19\nSales              24     56005.2         19"
# ///
import pandas as pd
import numpy as np

np.random.seed(42)
df = pd.DataFrame({
    "department": np.random.choice(["HR", "IT", "Sales"], 60),
    "salary": np.random.randint(30000, 90000, 60),
    "years": np.random.randint(1, 20, 60),
})

summary = df.groupby("department").agg(
    employees=("salary", "count"),
    avg_salary=("salary", "mean"),
    max_years=("years", "max"),
).round(1)
summary
