# /// expect
# error = "TypeError"
# error_contains = ["squared"]
# ///
from sklearn.metrics import mean_squared_error

rmse = mean_squared_error([3, 5], [2, 7], squared=False)
# %%
# /// expect
# stdout = "1.5811\n"
# ///
import numpy as np

rmse = np.sqrt(mean_squared_error([3, 5], [2, 7]))
print(round(rmse, 4))
