# /// expect
# stdout = "3 traces\n"
# files = ["dashboard.html"]
# ///
from plotly.subplots import make_subplots
import plotly.graph_objects as go

fig = make_subplots(rows=1, cols=2, subplot_titles=("Bars", "Lines"), specs=[[{}, {"secondary_y": True}]])
fig.add_trace(go.Bar(x=["x", "y"], y=[1, 2]), row=1, col=1)
fig.add_trace(go.Scatter(x=[1, 2], y=[3, 4]), row=1, col=2)
fig.add_trace(go.Scatter(x=[1, 2], y=[300, 100]), row=1, col=2, secondary_y=True)
fig.write_html("/mnt/data/dashboard.html")
print(len(fig.data), "traces")
