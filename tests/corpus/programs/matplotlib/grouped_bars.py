# /// expect
# images = 1
# ///
import numpy as np
import matplotlib.pyplot as plt

labels = ["G1", "G2", "G3", "G4"]
men = [20, 34, 30, 35]
women = [25, 32, 34, 20]
x = np.arange(len(labels))
width = 0.35

fig, ax = plt.subplots(figsize=(8, 5))
ax.bar(x - width / 2, men, width, label="Men")
ax.bar(x + width / 2, women, width, label="Women")
ax.set_xticks(x)
ax.set_xticklabels(labels)
ax.legend()
fig.tight_layout()
plt.show()
