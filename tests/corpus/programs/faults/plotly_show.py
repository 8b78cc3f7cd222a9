# /// expect
# displays = 1
# stderr = ""
# ///
import plotly.express as px
import plotly.io as pio
fig = px.bar(x=["a", "b"], y=[1, 2], title="Sales")
fig.show()

# %%
# /// expect
# displays = 1
# stderr = ""
# ///
fig

# %%
# /// expect
# displays = 9
# stderr = ""
# ///
for renderer in ("browser", "png", "svg", "notebook", "notebook_connected", "iframe", "colab", "jpeg", "pdf"):
    pio.renderers.default = renderer
    fig.show()

# %%
# /// expect
# displays = 2
# ///
from plotly.offline import init_notebook_mode, iplot
init_notebook_mode(connected=False)
iplot(fig)
fig.show("vscode+png")

# %%
# /// expect
# error = "ValueError"
# ///
fig.show("nothing")

# %% The display is small, and says what it shows.
# /// expect
# stdout = "['application/vnd.plotly.v1+json', 'text/plain'] True True\n"
# displays = 0
# ///
from IPython.utils.capture import capture_output
with capture_output() as shown:
    fig.show()
data = shown.outputs[0].data
print(sorted(set(data) - {"image/png"}), len(str(data)) < 50_000 or "image/png" in data, "'Sales' with 1 bar trace" in data["text/plain"])
