# /// expect
# stdout = "['fruits', 'counts'] 3\n"
# ///
from bokeh.models import ColumnDataSource, HoverTool
from bokeh.plotting import figure
from bokeh.embed import file_html
from bokeh.resources import CDN

source = ColumnDataSource(data=dict(fruits=["Apples", "Pears", "Plums"], counts=[5, 3, 4]))
p = figure(x_range=source.data["fruits"], height=250)
p.vbar(x="fruits", top="counts", width=0.9, source=source)
p.add_tools(HoverTool(tooltips=[("fruit", "@fruits")]))
html = file_html(p, CDN, "fruit")
print(list(source.data), html.count("Apples") and len(source.data["counts"]))
