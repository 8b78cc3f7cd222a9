# /// expect
# stdout = "True\n"
# files = ["model.joblib", "model.pkl"]
# ///
import pickle
import joblib
from sklearn.datasets import load_wine
from sklearn.linear_model import RidgeClassifier

X, y = load_wine(return_X_y=True)
model = RidgeClassifier().fit(X, y)
joblib.dump(model, "/mnt/data/model.joblib")
with open("/mnt/data/model.pkl", "wb") as f:
    pickle.dump(model, f)
loaded = joblib.load("/mnt/data/model.joblib")
print((loaded.predict(X) == model.predict(X)).all())
