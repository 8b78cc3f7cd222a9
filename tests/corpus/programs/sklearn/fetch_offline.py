# /// expect
# stdout_contains = ["Download failed"]
# stderr_lines = 8
# ///
from sklearn.datasets import fetch_openml

try:
    mnist = fetch_openml("mnist_784", version=1)
except Exception as e:
    print("Download failed:", type(e).__name__)
