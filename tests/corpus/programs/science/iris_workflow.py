# /// expect
# stdout = "(150, 5)\n{'setosa': 50, 'versicolor': 50, 'virginica': 50}\n"
# files = ["iris.csv"]
# ///
import pandas as pd
from sklearn.datasets import load_iris

iris = load_iris(as_frame=True)
df = iris.frame.rename(columns={"target": "species"})
df["species"] = df["species"].map(dict(enumerate(iris.target_names.tolist())))
print(df.shape)
print(df["species"].value_counts().sort_index().to_dict())
df.to_csv("/mnt/data/iris.csv", index=False)
# %%
# /// expect
# stdout = "{'setosa': 1.46, 'versicolor': 4.26, 'virginica': 5.55}\n"
# images = 1
# files = ["iris.png"]
# ///
import matplotlib.pyplot as plt

for name, group in df.groupby("species"):
    plt.scatter(group["petal length (cm)"], group["petal width (cm)"], label=name)
plt.legend()
plt.savefig("/mnt/data/iris.png")
plt.show()
print(df.groupby("species")["petal length (cm)"].mean().round(2).to_dict())
