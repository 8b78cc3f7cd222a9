# /// expect
# stdout = "True True\n"
# files = ["frame.feather", "frame.h5"]
# stderr_lines = 6
# ///
import pandas as pd

df = pd.DataFrame({"a": [1, 2, 3], "b": [0.1, 0.2, 0.3]})
df.to_feather("/mnt/data/frame.feather")
df.to_hdf("/mnt/data/frame.h5", key="df", mode="w")
print(pd.read_feather("/mnt/data/frame.feather").equals(df), pd.read_hdf("/mnt/data/frame.h5", "df").equals(df))
