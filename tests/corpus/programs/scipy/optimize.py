# /// expect
# stdout = "minimum at [1.0, -2.5]\nroot 1.259921\nLP [2.0, 6.0] 36.0\nfit [2.5, 1.3]\n"
# ///
import numpy as np
from scipy.optimize import brentq, curve_fit, linprog, minimize

res = minimize(lambda v: (v[0] - 1) ** 2 + (v[1] + 2.5) ** 2, x0=[0, 0])
print("minimum at", res.x.round(3).tolist())
print("root", round(brentq(lambda x: x ** 3 - 2, 0, 2), 6))
lp = linprog(c=[-3, -5], A_ub=[[1, 0], [0, 2], [3, 2]], b_ub=[4, 12, 18])
print("LP", lp.x.tolist(), -lp.fun)
x = np.linspace(0, 4, 50)
popt, _ = curve_fit(lambda x, a, b: a * np.exp(-b * x), x, 2.5 * np.exp(-1.3 * x))
print("fit", popt.round(3).tolist())
