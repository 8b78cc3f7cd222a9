# /// expect
# stdout = "Area under sin(x) from 0 to pi: 1.999998\n"
# stderr_lines = 4
# ///
import numpy as np

x = np.linspace(0, np.pi, 1001)
y = np.sin(x)
area = np.trapz(y, x)
print(f"Area under sin(x) from 0 to pi: {area:.6f}")
