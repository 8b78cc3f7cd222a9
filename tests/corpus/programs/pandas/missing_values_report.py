# /// session
# attach = ["people_messy.csv"]
# ///
# /// expect
# stdout = "Rows: 9, columns: 5\n        missing  percent\nage           3     33.3\nsalary        2     22.2\ncity          1     11.1\njoined        1     11.1\nDuplicates: 2\n"
# ///
import pandas as pd

df = pd.read_csv("/mnt/data/people_messy.csv")
print(f"Rows: {len(df)}, columns: {df.shape[1]}")

missing = df.isnull().sum()
missing_pct = (missing / len(df) * 100).round(1)
report = pd.DataFrame({"missing": missing, "percent": missing_pct})
print(report[report["missing"] > 0].sort_values("missing", ascending=False))
print("Duplicates:", df.duplicated().sum())
# %%
# /// expect
# stdout = "{'count': 7.0, 'mean': 55775.08, 'std': 11031.96, 'min': 39900.0, '25%': 50125.0, '50%': 55775.08, '75%': 59750.25, 'max': 75000.0}\nUnparsed dates: 2\nSaved 7 rows\n"
# files = ["people_clean.csv"]
# ///
df = df.drop_duplicates()
df["salary"] = df["salary"].str.replace("[$,]", "", regex=True).astype(float)
df["salary"] = df["salary"].fillna(df["salary"].mean())
df["joined"] = pd.to_datetime(df["joined"], errors="coerce")
print(df["salary"].describe().round(2).to_dict())
print("Unparsed dates:", df["joined"].isna().sum())
df.to_csv("/mnt/data/people_clean.csv", index=False)
print("Saved", len(df), "rows")
