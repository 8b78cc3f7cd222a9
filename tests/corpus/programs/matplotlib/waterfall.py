# /// expect
# images = 1
# stdout = "Net: 65\n"
# ///
import numpy as np
import matplotlib.pyplot as plt

changes = [100, -20, 35, -50]
total = np.cumsum(changes)
start = np.append(0, total[:-1])
plt.bar(range(4), changes, bottom=start, color=["g" if c > 0 else "r" for c in changes])
plt.xticks(range(4), ["Start", "Costs", "Sales", "Tax"])
print("Net:", total[-1])
plt.show()
