# /// expect
# images = 2
# ///
import matplotlib.pyplot as plt
import missingno as msno
import numpy as np
import pandas as pd
import squarify

df = pd.DataFrame({"a": [1, np.nan, 3], "b": [np.nan, np.nan, 1], "c": [1, 2, 3]})
msno.matrix(df)
plt.show()
squarify.plot(sizes=[50, 30, 20], label=["A", "B", "C"], alpha=0.7)
plt.axis("off")
plt.show()
