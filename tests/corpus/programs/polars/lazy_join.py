# /// expect
# stdout = "40.0 ['a', 'c']\n"
# text_contains = ["shape: (2, 3)"]
# ///
import polars as pl

left = pl.DataFrame({"id": [1, 2, 3], "v": ["a", "b", "c"]})
right = pl.DataFrame({"id": [1, 3], "w": [10.0, 30.0]})
joined = left.lazy().filter(pl.col("id") != 2).join(right.lazy(), on="id", how="left").collect()
print(joined["w"].sum(), joined.to_pandas()["v"].tolist())
joined
