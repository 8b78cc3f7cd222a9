# /// expect
# stdout = "bar\n"
# files = ["bars.html"]
# ///
import altair as alt
import pandas as pd

source = pd.DataFrame({"a": ["A", "B", "C"], "b": [28, 55, 43]})
chart = alt.Chart(source).mark_bar().encode(x="a", y="b")
chart.save("/mnt/data/bars.html")
print(chart.to_dict()["mark"]["type"])
