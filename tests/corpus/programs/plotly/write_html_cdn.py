# /// expect
# stdout = "small: True\n"
# files = ["small.html"]
# ///
import os
import plotly.express as px

fig = px.line(x=[1, 2, 3], y=[3, 1, 2])
fig.write_html("/mnt/data/small.html", include_plotlyjs="cdn", full_html=True)
print("small:", os.path.getsize("/mnt/data/small.html") < 50_000)
