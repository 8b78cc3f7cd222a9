# /// expect
# images = 1
# ///
import numpy as np
import matplotlib.pyplot as plt

x = np.arange(10)
plt.figure(figsize=(9, 3))
for i in range(1, 4):
    plt.subplot(1, 3, i)
    plt.plot(x, x ** i)
    plt.title(f"x^{i}")
plt.subplots_adjust(wspace=0.4)
plt.show()
