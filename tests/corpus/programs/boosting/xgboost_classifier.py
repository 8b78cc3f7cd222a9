# /// expect
# stdout = "accuracy > 0.93: True\n"
# images = 1
# stderr_lines = 3
# ///
import matplotlib.pyplot as plt
import xgboost as xgb
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=7)
model = xgb.XGBClassifier(n_estimators=50, max_depth=3, eval_metric="logloss")
model.fit(X_train, y_train)
print("accuracy > 0.93:", accuracy_score(y_test, model.predict(X_test)) > 0.93)
xgb.plot_importance(model, max_num_features=8)
plt.show()
