# /// expect
# stdout = "True\n"
# files = ["scatter.html"]
# ///
import numpy as np
import plotly.graph_objects as go

np.random.seed(0)
fig = go.Figure()
fig.add_trace(go.Scatter(x=np.arange(20), y=np.random.randn(20).cumsum(), mode="lines+markers", name="walk"))
fig.update_layout(title="Random walk", xaxis_title="step", template="plotly_white")
fig.write_html("/mnt/data/scatter.html")
print("plotly" in open("/mnt/data/scatter.html").read().lower())
