# /// expect
# images = 2
# ///
import numpy as np
import matplotlib.pyplot as plt

theta = np.linspace(0, 2 * np.pi, 200)
plt.polar(theta, 1 + np.sin(3 * theta))
plt.show()

categories = ["Speed", "Power", "Range", "Cost", "Comfort"]
values = [4, 3, 5, 2, 4]
angles = np.linspace(0, 2 * np.pi, len(categories), endpoint=False).tolist()
values += values[:1]
angles += angles[:1]
fig, ax = plt.subplots(subplot_kw=dict(polar=True))
ax.plot(angles, values)
ax.fill(angles, values, alpha=0.25)
ax.set_xticks(angles[:-1])
ax.set_xticklabels(categories)
plt.show()
