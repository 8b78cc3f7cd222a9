# /// expect
# stdout_contains = ["col_0", "col_29"]
# ///
import numpy as np
import pandas as pd

pd.set_option("display.max_columns", None)
pd.set_option("display.width", 200)
df = pd.DataFrame(np.arange(60).reshape(2, 30), columns=[f"col_{i}" for i in range(30)])
print(df)
