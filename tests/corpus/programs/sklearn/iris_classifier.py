# /// expect
# stdout = "(105, 4) (45, 4)\nAccuracy: 0.933\n"
# ///
import numpy as np
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, classification_report

iris = load_iris()
X_train, X_test, y_train, y_test = train_test_split(iris.data, iris.target, test_size=0.3, random_state=42, stratify=iris.target)
model = LogisticRegression(max_iter=500)
model.fit(X_train, y_train)
y_pred = model.predict(X_test)
print(X_train.shape, X_test.shape)
print(f"Accuracy: {accuracy_score(y_test, y_pred):.3f}")
# %%
# /// expect
# stdout_contains = ["setosa", "versicolor", "virginica", "macro avg"]
# ///
print(classification_report(y_test, y_pred, target_names=iris.target_names))
