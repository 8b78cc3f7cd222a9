# /// expect
# stdout = "pi is about 3.1377\n"
# ///
import numpy as np

np.random.seed(2024)
n = 200_000
x, y = np.random.uniform(-1, 1, (2, n))
inside = (x ** 2 + y ** 2 <= 1).sum()
print(f"pi is about {4 * inside / n:.4f}")
