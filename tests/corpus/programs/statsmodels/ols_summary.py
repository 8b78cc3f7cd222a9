# /// expect
# stdout_contains = ["OLS Regression Results", "R-squared", "Adj. R-squared", "const", "x1"]
# stderr_lines = 4
# ///
import numpy as np
import statsmodels.api as sm

np.random.seed(9876789)
x = np.linspace(0, 10, 100)
X = sm.add_constant(np.column_stack((x, x ** 2)))
beta = np.array([1, 0.1, 10])
y = X @ beta + np.random.normal(size=100)
results = sm.OLS(y, X).fit()
print(results.summary())
# %%
# /// expect
# stdout = "[1.342, -0.04, 10.01] 1.0\n"
# ///
print(results.params.round(3).tolist(), round(results.rsquared, 3))
