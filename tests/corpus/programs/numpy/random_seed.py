# /// expect
# stdout = "[0.3745, 0.9507, 0.732]\n[4, 6, 9, 2, 6]\n['c', 'c', 'a', 'c']\n[85, 63, 51, 26]\n"
# ///
import numpy as np

np.random.seed(42)
print(np.random.rand(3).round(4).tolist())
print(np.random.randint(0, 10, 5).tolist())
print(np.random.choice(["a", "b", "c"], 4).tolist())
rng = np.random.default_rng(0)
print(rng.integers(0, 100, 4).tolist())
