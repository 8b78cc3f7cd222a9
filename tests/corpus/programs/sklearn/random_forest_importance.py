# /// expect
# stdout = "accuracy > 0.9: True\ntop features: ['petal length (cm)', 'petal width (cm)']\n"
# images = 1
# ///
import pandas as pd
import matplotlib.pyplot as plt
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score

data = load_iris(as_frame=True)
X, y = data.data, data.target
clf = RandomForestClassifier(n_estimators=100, random_state=0)
scores = cross_val_score(clf, X, y, cv=5)
print("accuracy > 0.9:", scores.mean() > 0.9)
clf.fit(X, y)
importance = pd.Series(clf.feature_importances_, index=X.columns).sort_values()
importance.plot(kind="barh")
plt.title("Feature importance")
plt.show()
print("top features:", sorted(importance.index[-2:]))
