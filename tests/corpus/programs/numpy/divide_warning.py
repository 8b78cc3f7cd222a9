# /// expect
# stdout = "[inf, 1.0, nan]\n"
# stderr_contains = ["RuntimeWarning", "divide by zero"]
# stderr_lines = 4
# ///
import numpy as np

a = np.array([1.0, 2.0, 0.0])
b = np.array([0.0, 2.0, 0.0])
print((a / b).tolist())
