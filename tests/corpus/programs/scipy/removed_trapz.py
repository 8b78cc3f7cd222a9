# /// expect
# error = "ImportError"
# error_contains = ["simps"]
# ///
from scipy.integrate import simps
# %%
# /// expect
# stdout = "2.0\n"
# ///
import numpy as np
from scipy.integrate import simpson

x = np.linspace(0, np.pi, 101)
print(round(float(simpson(np.sin(x), x=x)), 6))
