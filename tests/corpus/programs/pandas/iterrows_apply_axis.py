# /// expect
# stdout = "ann: 22.9\nbob: 24.7\ncid: 23.4\n{'normal': 2, 'over': 1}\n"
# ///
import pandas as pd

df = pd.DataFrame({"w": [70, 80, 60], "h": [1.75, 1.80, 1.60]}, index=["ann", "bob", "cid"])

def bmi(row):
    return row["w"] / row["h"] ** 2

df["bmi"] = df.apply(bmi, axis=1)
for name, row in df.iterrows():
    print(f"{name}: {row['bmi']:.1f}")
df["class"] = df["bmi"].apply(lambda b: "over" if b > 24 else "normal")
print(df["class"].value_counts().to_dict())
