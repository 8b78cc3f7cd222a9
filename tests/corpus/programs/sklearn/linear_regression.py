# /// expect
# stdout = "coef [2.98, -1.99] intercept 5.0\nMSE 0.0084 R2 0.991\n"
# ///
import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_squared_error, r2_score

np.random.seed(0)
X = np.random.rand(100, 2)
y = 3 * X[:, 0] - 2 * X[:, 1] + 5 + np.random.randn(100) * 0.1
model = LinearRegression().fit(X[:80], y[:80])
pred = model.predict(X[80:])
print("coef", model.coef_.round(2).tolist(), "intercept", round(model.intercept_, 2))
print("MSE", round(mean_squared_error(y[80:], pred), 4), "R2", round(r2_score(y[80:], pred), 3))
