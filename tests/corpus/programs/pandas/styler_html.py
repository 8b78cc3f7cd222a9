# /// expect
# displays = 1
# files = ["styled.html"]
# ///
import pandas as pd

df = pd.DataFrame({"product": ["A", "B", "C"], "profit": [120.5, -30.25, 45.0]})

def color_negative(value):
    return "color: red" if value < 0 else "color: green"

styled = df.style.map(color_negative, subset=["profit"]).format({"profit": "{:.2f}"})
with open("/mnt/data/styled.html", "w") as f:
    f.write(styled.to_html())
display(styled)
