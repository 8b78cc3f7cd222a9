# /// expect
# stdout = "[False, False, True, True] [False, False, True, True]\n[3, 4] [1, 2, 3, 4, 5] [1, 2]\n{1: 1, 2: 1, 3: 2}\n"
# stderr_lines = 4
# ///
import numpy as np

a = np.array([1, 2, 3, 4])
b = np.array([3, 4, 5])
print(np.in1d(a, b).tolist(), np.isin(a, b).tolist())
print(np.intersect1d(a, b).tolist(), np.union1d(a, b).tolist(), np.setdiff1d(a, b).tolist())
values, counts = np.unique([3, 1, 3, 2], return_counts=True)
print(dict(zip(values.tolist(), counts.tolist())))
