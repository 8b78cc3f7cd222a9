# /// expect
# text_contains = ["RandomForestRegressor", "n_estimators=10"]
# ///
from sklearn.ensemble import RandomForestRegressor

RandomForestRegressor(n_estimators=10)
