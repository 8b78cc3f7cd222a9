# /// expect
# stdout = "age      0  1  2\ncohort          \n2024-01  2  1  1\n2024-02  1  1  0\n2024-03  1  0  0\n"
# ///
import pandas as pd

orders = pd.DataFrame({
    "user": [1, 1, 2, 2, 3, 3, 3, 4],
    "date": pd.to_datetime(["2024-01-05", "2024-02-07", "2024-01-20", "2024-03-02",
                            "2024-02-01", "2024-02-15", "2024-03-09", "2024-03-30"]),
})
orders["month"] = orders["date"].dt.to_period("M")
orders["cohort"] = orders.groupby("user")["month"].transform("min")
orders["age"] = (orders["month"] - orders["cohort"]).apply(lambda d: d.n)
table = orders.groupby(["cohort", "age"])["user"].nunique().unstack(fill_value=0)
print(table)
