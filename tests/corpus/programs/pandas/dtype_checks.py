# /// expect
# stdout = "Numeric: ['id', 'price']\nObject: ['name']\n{'id': 'int64', 'price': 'float64', 'name': 'object', 'when': 'datetime64[ns]', 'ok': 'bool'}\n"
# ///
import numpy as np
import pandas as pd

df = pd.DataFrame({
    "id": [1, 2, 3],
    "price": [9.5, 20.0, None],
    "name": ["a", "b", None],
    "when": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"]),
    "ok": [True, False, True],
})

numeric_cols = [c for c in df.columns if np.issubdtype(df[c].dtype, np.number)]
object_cols = [c for c in df.columns if df[c].dtype == object]
print("Numeric:", numeric_cols)
print("Object:", object_cols)
print(df.dtypes.astype(str).to_dict())
