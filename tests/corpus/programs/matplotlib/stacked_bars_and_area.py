# /// expect
# images = 2
# ///
import numpy as np
import matplotlib.pyplot as plt

years = [2020, 2021, 2022, 2023]
solar = np.array([1, 2, 4, 7])
wind = np.array([3, 4, 5, 6])

plt.bar(years, solar, label="Solar")
plt.bar(years, wind, bottom=solar, label="Wind")
plt.legend()
plt.show()

plt.stackplot(years, solar, wind, labels=["Solar", "Wind"], alpha=0.8)
plt.legend(loc="upper left")
plt.show()
