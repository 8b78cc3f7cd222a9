# /// session
# attach = ["people_messy.csv"]
# ///
# /// expect
# stdout = "['ann lee', 'bob stone', 'carla diaz', 'dan wu']\n['lima', 'oslo', 'rome']\n['name', 'city', 'salary', 'joined']\n['age']\n"
# ///
import pandas as pd

df = pd.read_csv("/mnt/data/people_messy.csv")

# Clean every text column
for col in df.columns:
    if df[col].dtype == "object":
        df[col] = df[col].str.strip().str.lower()

print(df["name"].head(4).tolist())
print(sorted(df["city"].dropna().unique()))
print(df.select_dtypes(include=["object"]).columns.tolist())
print(df.select_dtypes(include="number").columns.tolist())
