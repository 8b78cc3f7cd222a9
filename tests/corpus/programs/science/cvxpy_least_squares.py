# /// session
# limit = "CVXPY"
# ///
# /// expect
# stdout = "optimal [0.91, 1.5, 0.44]\n"
# stderr_lines = 4
# ///
import cvxpy as cp
import numpy as np

np.random.seed(1)
A = np.random.randn(20, 3)
b = A @ np.array([1.0, 2.0, 0.5])
x = cp.Variable(3)
problem = cp.Problem(cp.Minimize(cp.sum_squares(A @ x - b)), [x >= 0, x <= 1.5])
problem.solve()
print(problem.status, x.value.round(2).tolist())
