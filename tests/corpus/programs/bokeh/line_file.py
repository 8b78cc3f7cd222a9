# /// expect
# stdout = "True\n"
# files = ["lines.html"]
# ///
from bokeh.plotting import figure, output_file, save

p = figure(title="Simple line", x_axis_label="x", y_axis_label="y", width=500, height=300)
p.line([1, 2, 3, 4, 5], [6, 7, 2, 4, 5], legend_label="Temp.", line_width=2)
output_file("/mnt/data/lines.html")
save(p)
print("Simple line" in open("/mnt/data/lines.html").read())
