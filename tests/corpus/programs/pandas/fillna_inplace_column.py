# /// expect
# stdout = "Missing before: {'age': 2, 'city': 2}\nMissing after: {'age': 0, 'city': 0}\n age    city\n25.0    Rome\n47.0 unknown\n47.0  Bergen\n51.0 unknown\n47.0    Rome\n"
# stderr_lines = 20
# ///
import pandas as pd
import numpy as np

df = pd.DataFrame({
    "age": [25, np.nan, 47, 51, np.nan],
    "city": ["Rome", None, "Oslo", None, "Rome"],
})
print("Missing before:", df.isnull().sum().to_dict())

df["age"].fillna(df["age"].median(), inplace=True)
df["city"].fillna("unknown", inplace=True)
df["city"].replace("Oslo", "Bergen", inplace=True)

print("Missing after:", df.isnull().sum().to_dict())
print(df.to_string(index=False))
