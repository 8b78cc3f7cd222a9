# /// expect
# error = "ValueError"
# error_contains = ["Expected 2D array, got 1D array instead"]
# ///
import numpy as np
from sklearn.linear_model import LinearRegression

X = np.array([1, 2, 3, 4])
y = np.array([2, 4, 6, 8])
model = LinearRegression()
model.fit(X, y)
# %%
# /// expect
# stdout = "[10.]\n"
# ///
model.fit(X.reshape(-1, 1), y)
print(model.predict([[5]]).round(6))
