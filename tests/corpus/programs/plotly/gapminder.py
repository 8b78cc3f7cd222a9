# /// expect
# stdout = "(142, 8) China\n"
# displays = 1
# ///
import plotly.express as px

df = px.data.gapminder()
df2007 = df[df["year"] == 2007]
print(df2007.shape, df2007.nlargest(1, "pop")["country"].iloc[0])
fig = px.scatter(df2007, x="gdpPercap", y="lifeExp", size="pop", color="continent", log_x=True, hover_name="country")
fig.show()
