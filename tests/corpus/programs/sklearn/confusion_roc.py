# /// expect
# stdout = "100 True\n"
# images = 2
# ///
import matplotlib.pyplot as plt
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay, RocCurveDisplay, confusion_matrix, roc_auc_score

X, y = make_classification(n_samples=300, n_features=5, random_state=1)
clf = LogisticRegression().fit(X[:200], y[:200])
y_pred = clf.predict(X[200:])
print(confusion_matrix(y[200:], y_pred).sum(), round(roc_auc_score(y[200:], clf.predict_proba(X[200:])[:, 1]), 2) > 0.8)
ConfusionMatrixDisplay.from_predictions(y[200:], y_pred, cmap="Blues")
plt.show()
RocCurveDisplay.from_estimator(clf, X[200:], y[200:])
plt.show()
