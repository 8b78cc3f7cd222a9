# /// expect
# stdout = "[0.3, 0.3, 0.4] 0.123\n"
# ///
import numpy as np
from scipy.optimize import minimize

mu = np.array([0.08, 0.12, 0.05])
cov = np.array([[0.04, 0.01, 0.0], [0.01, 0.09, 0.0], [0.0, 0.0, 0.01]])
res = minimize(lambda w: w @ cov @ w, np.ones(3) / 3, bounds=[(0, 1)] * 3,
               constraints=[{"type": "eq", "fun": lambda w: w.sum() - 1}, {"type": "ineq", "fun": lambda w: w @ mu - 0.08}])
print(res.x.round(2).tolist(), round(float(np.sqrt(res.fun)), 3))
