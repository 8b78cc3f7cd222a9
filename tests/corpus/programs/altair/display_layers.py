# /// expect
# displays = 1
# ///
import altair as alt
import numpy as np
import pandas as pd

np.random.seed(0)
df = pd.DataFrame({"x": range(30), "y": np.random.randn(30).cumsum()})
line = alt.Chart(df).mark_line().encode(x="x:Q", y="y:Q")
points = alt.Chart(df).mark_point().encode(x="x:Q", y="y:Q", tooltip=["x", "y"])
(line + points).properties(width=400, title="Walk").interactive()
