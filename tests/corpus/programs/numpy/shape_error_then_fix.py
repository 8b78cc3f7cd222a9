# /// expect
# error = "ValueError"
# error_contains = ["could not be broadcast together", "(3,)", "(4,)"]
# ///
import numpy as np

a = np.array([1, 2, 3])
b = np.array([1, 2, 3, 4])
a + b
# %%
# /// expect
# text = "array([2, 4, 6])"
# ///
a + b[:3]
