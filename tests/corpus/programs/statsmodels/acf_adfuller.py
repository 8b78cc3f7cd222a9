# /// expect
# stdout = "stationary: True False\n"
# images = 1
# stderr_lines = 4
# ///
import numpy as np
import matplotlib.pyplot as plt
from statsmodels.graphics.tsaplots import plot_acf
from statsmodels.tsa.stattools import adfuller

np.random.seed(1)
noise = np.random.randn(200)
print("stationary:", adfuller(noise)[1] < 0.05, adfuller(noise.cumsum())[1] < 0.05)
plot_acf(noise, lags=20)
plt.show()
