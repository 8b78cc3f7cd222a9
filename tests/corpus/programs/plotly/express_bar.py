# /// expect
# displays = 1
# stderr = ""
# ///
import pandas as pd
import plotly.express as px

df = pd.DataFrame({"fruit": ["Apples", "Oranges", "Bananas"], "amount": [4, 1, 2]})
fig = px.bar(df, x="fruit", y="amount", color="fruit", title="Fruit")
fig.show()
