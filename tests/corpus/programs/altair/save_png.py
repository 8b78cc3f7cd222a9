# /// session
# limit = "vl-convert; `chart.save` to HTML works"
# ///
# /// expect
# stdout = "PNG\n"
# files = ["chart.png"]
# ///
import altair as alt
import pandas as pd
from PIL import Image

chart = alt.Chart(pd.DataFrame({"x": [1, 2], "y": [3, 4]})).mark_circle(size=100).encode(x="x", y="y")
chart.save("/mnt/data/chart.png")
print(Image.open("/mnt/data/chart.png").format)
