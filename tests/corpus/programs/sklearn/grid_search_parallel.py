# /// expect
# stdout = "best depth: 3\n"
# ///
import numpy as np
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

X, y = load_iris(return_X_y=True)
grid = GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [1, 3]}, cv=5, n_jobs=-1)
grid.fit(X, y)
print("best depth:", grid.best_params_["max_depth"])
