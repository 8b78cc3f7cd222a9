# /// expect
# error = "AttributeError"
# error_contains = ["np.bool"]
# ///
import numpy as np

np.float(3.5)
mask = np.array([1, 0, 1], dtype=np.bool)
# %%
# /// expect
# stdout = "[True, False, True]\n"
# ///
mask = np.array([1, 0, 1], dtype=bool)
print(mask.tolist())
