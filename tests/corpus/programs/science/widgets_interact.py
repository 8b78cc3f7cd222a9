# /// expect
# stdout_contains = ["x = 5"]
# stderr_lines = 2
# ///
from ipywidgets import interact

def show(x):
    print("x =", x)

interact(show, x=(0, 10));
