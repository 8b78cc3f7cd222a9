# /// expect
# stdout = "1.0\n[0, 1]\n['num__age', 'cat__sex_f', 'cat__sex_m']\n"
# ///
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

df = pd.DataFrame({
    "age": [22, 38, np.nan, 35, 54, 2, 27, 14],
    "sex": ["m", "f", "f", "f", "m", "m", "f", "f"],
    "survived": [0, 1, 1, 1, 0, 0, 1, 1],
})
numeric = Pipeline([("impute", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
pre = ColumnTransformer([("num", numeric, ["age"]), ("cat", OneHotEncoder(), ["sex"])])
clf = Pipeline([("pre", pre), ("model", LogisticRegression())])
clf.fit(df[["age", "sex"]], df["survived"])
print(clf.score(df[["age", "sex"]], df["survived"]))
print(clf.predict(pd.DataFrame({"age": [30, 30], "sex": ["m", "f"]})).tolist())
print(pre.get_feature_names_out().tolist())
