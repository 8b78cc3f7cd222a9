# /// expect
# displays = 1
# stderr = ""
# ///
from bokeh.plotting import figure, output_file, output_notebook, show
plot = figure(width=200, height=200); plot.line([1, 2], [3, 4])
show(plot)

# %%
# /// expect
# displays = 1
# files = ["plot.html"]
# ///
output_file("plot.html")
show(plot)

# %%
# /// expect
# displays = 3
# stderr = ""
# files = ["plot.html"]
# ///
output_notebook()
show(plot)
