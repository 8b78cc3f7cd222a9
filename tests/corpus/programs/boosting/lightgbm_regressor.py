# /// expect
# stdout = "R2 > 0.8: True\n"
# stderr_lines = 5
# ///
import lightgbm as lgb
import numpy as np
from sklearn.metrics import r2_score

np.random.seed(0)
X = np.random.rand(500, 3)
y = X[:, 0] * 10 + np.sin(X[:, 1] * 6) * 3 + np.random.randn(500) * 0.2
model = lgb.LGBMRegressor(n_estimators=100, verbose=-1)
model.fit(X[:400], y[:400])
print("R2 > 0.8:", r2_score(y[400:], model.predict(X[400:])) > 0.8)
