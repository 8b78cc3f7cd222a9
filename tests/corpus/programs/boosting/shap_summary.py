# /// expect
# stdout = "(100, 3) 0\n"
# images = 1
# stderr_lines = 6
# ///
import numpy as np
import shap
import matplotlib.pyplot as plt
from sklearn.ensemble import RandomForestRegressor

np.random.seed(0)
X = np.random.rand(100, 3)
y = 5 * X[:, 0] + X[:, 1]
model = RandomForestRegressor(n_estimators=20, random_state=0).fit(X, y)
explainer = shap.TreeExplainer(model)
values = explainer.shap_values(X)
print(values.shape, np.abs(values).mean(axis=0).argmax())
shap.summary_plot(values, X, feature_names=["a", "b", "c"])
