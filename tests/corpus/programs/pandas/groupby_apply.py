# /// expect
# stdout = "{'A': 'p2', 'B': 'p4'}\n[['p1', 0.25], ['p2', 0.75], ['p3', 0.1], ['p4', 0.5], ['p5', 0.4]]\n"
# stderr_lines = 4
# ///
import pandas as pd

df = pd.DataFrame({
    "team": ["A", "A", "B", "B", "B"],
    "player": ["p1", "p2", "p3", "p4", "p5"],
    "points": [10, 30, 5, 25, 20],
})

# Best player for each team
best = df.groupby("team").apply(lambda g: g.loc[g["points"].idxmax(), "player"])
print(best.to_dict())

# Share of the team's points
df["share"] = df["points"] / df.groupby("team")["points"].transform("sum")
print(df[["player", "share"]].round(2).values.tolist())
