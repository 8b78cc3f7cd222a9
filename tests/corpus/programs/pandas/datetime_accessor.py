# /// expect
# stdout = "[[2024, 'Thursday', 1, True], [2024, 'Friday', 1, False], [2024, 'Tuesday', 4, True]]\n45.0 minutes\n['29.03.2024', '01.04.2024', '31.01.2025']\n"
# ///
import pandas as pd

df = pd.DataFrame({"when": ["2024-02-29 23:30", "2024-03-01 00:15", "2024-12-31 12:00"]})
df["when"] = pd.to_datetime(df["when"])
df["year"] = df["when"].dt.year
df["weekday"] = df["when"].dt.day_name()
df["quarter"] = df["when"].dt.quarter
df["is_month_end"] = df["when"].dt.is_month_end
print(df.drop(columns="when").values.tolist())
print((df["when"].iloc[1] - df["when"].iloc[0]).total_seconds() / 60, "minutes")
print((df["when"] + pd.DateOffset(months=1)).dt.strftime("%d.%m.%Y").tolist())
