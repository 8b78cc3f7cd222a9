# /// expect
# stdout = "[['a', 3], ['b', 2], ['c', 1]]\n{'a': 0.5, 'b': 0.333, 'c': 0.167}\n"
# ///
import pandas as pd

s = pd.Series(["a", "b", "a", "c", "a", "b"], name="letter")
counts = s.value_counts().reset_index()
counts.columns = ["letter", "count"]
print(counts.values.tolist())
print(s.value_counts(normalize=True).round(3).to_dict())
