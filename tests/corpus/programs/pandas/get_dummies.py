# /// expect
# stdout = "['price', 'color_red', 'size_M', 'size_S']\n[[1, 1, 0, 1], [2, 0, 1, 0], [3, 1, 0, 0]]\n[0, 1, 0] [2, 1, 0]\n"
# ///
import pandas as pd

df = pd.DataFrame({"color": ["red", "blue", "red"], "size": ["S", "M", "L"], "price": [1, 2, 3]})
encoded = pd.get_dummies(df, columns=["color", "size"], drop_first=True)
print(encoded.columns.tolist())
print(encoded.astype(int).values.tolist())
print(pd.factorize(df["color"])[0].tolist(), df["size"].astype("category").cat.codes.tolist())
