# /// expect
# images = 1
# files = ["facets.png"]
# ///
import numpy as np
import pandas as pd
import seaborn as sns

np.random.seed(0)
df = pd.DataFrame({"x": np.random.rand(60), "y": np.random.rand(60), "site": np.tile(["n", "s", "e"], 20)})
g = sns.FacetGrid(df, col="site", height=3)
g.map(sns.scatterplot, "x", "y")
g.savefig("/mnt/data/facets.png")
