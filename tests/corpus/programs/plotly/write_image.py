# /// session
# limit = "Kaleido and a Chromium; `fig.write_html` works"
# ///
# /// expect
# stdout = "PNG (700, 500)\n"
# files = ["figure.png"]
# ///
import plotly.graph_objects as go
from PIL import Image

fig = go.Figure(go.Pie(labels=["a", "b"], values=[60, 40], hole=0.4))
fig.write_image("/mnt/data/figure.png")
image = Image.open("/mnt/data/figure.png")
print(image.format, image.size)
