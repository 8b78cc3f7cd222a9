# /// expect
# stdout = "[[1.2, 3.5], [2.3, 4.6]]\n"
# stderr_lines = 4
# ///
import pandas as pd

df = pd.DataFrame({"a": [1.234, 2.345], "b": [3.456, 4.567]})
print(df.applymap(lambda v: round(v, 1)).values.tolist())
