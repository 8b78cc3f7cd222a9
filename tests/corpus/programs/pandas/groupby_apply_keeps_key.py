# /// expect
# stdout = "store_name  total  best_day\n         n   22.0         2\n         s   24.0         2\n"
# stderr_lines = 4
# ///
import pandas as pd

sales = pd.DataFrame({
    "store": ["n", "n", "s", "s", "s"],
    "day": [1, 2, 1, 2, 3],
    "amount": [10.0, 12.0, 7.0, 9.0, 8.0],
})

def summarize(group):
    return pd.Series({
        "store_name": group["store"].iloc[0],
        "total": group["amount"].sum(),
        "best_day": group.loc[group["amount"].idxmax(), "day"],
    })

result = sales.groupby("store").apply(summarize).reset_index(drop=True)
print(result.to_string(index=False))
