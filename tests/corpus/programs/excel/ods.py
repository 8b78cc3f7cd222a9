# /// expect
# stdout = "{'a': [1, 2], 'b': ['x', 'y']}\n"
# files = ["table.ods"]
# ///
import pandas as pd

pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}).to_excel("/mnt/data/table.ods", engine="odf", index=False)
print(pd.read_excel("/mnt/data/table.ods", engine="odf").to_dict("list"))
