# /// expect
# images = 1
# stderr = ""
# ///
import altair as alt, pandas as pd
chart = alt.Chart(pd.DataFrame({"a": [1, 2], "b": [3, 4]})).mark_bar().encode(x="a:O", y="b")
chart

# %%
# /// expect
# images = 3
# ///
chart.show()
alt.renderers.enable("mimetype")
display(chart)
alt.renderers.enable("browser")
chart.show()
