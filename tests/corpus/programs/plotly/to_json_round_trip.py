# /// expect
# stdout = "bar 2\n"
# ///
import plotly.express as px
import plotly.io as pio

fig = px.bar(x=["a", "b"], y=[1, 2])
again = pio.from_json(fig.to_json())
print(again.data[0].type, len(again.data[0].x))
