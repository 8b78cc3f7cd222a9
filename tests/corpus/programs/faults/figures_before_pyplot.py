# /// expect
# images = 1
# stderr = ""
# ///
import matplotlib
matplotlib.use("TkAgg")
import matplotlib.pyplot as plt
plt.plot([1, 2])
plt.show()

# %%
# /// expect
# images = 1
# ///
import pandas as pd
pd.DataFrame({"a": [1, 2]}).plot()
None
