# /// expect
# stdout = "fitted\n"
# stderr_contains = ["ConvergenceWarning"]
# stderr_lines = 15
# ///
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

X, y = load_breast_cancer(return_X_y=True)
LogisticRegression(max_iter=5).fit(X, y)
print("fitted")
