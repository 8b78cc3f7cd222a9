# /// expect
# stdout = "36.077 True\n"
# ///
import pandas as pd
import statsmodels.api as sm
import statsmodels.formula.api as smf

df = pd.DataFrame({
    "yield_": [20, 21, 19, 28, 27, 30, 24, 25, 23],
    "fertilizer": ["A"] * 3 + ["B"] * 3 + ["C"] * 3,
})
model = smf.ols("yield_ ~ C(fertilizer)", data=df).fit()
table = sm.stats.anova_lm(model, typ=2)
print(round(table.loc["C(fertilizer)", "F"], 3), table.loc["C(fertilizer)", "PR(>F)"] < 0.01)
