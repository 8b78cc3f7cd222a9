# /// expect
# error = "IndentationError"
# error_contains = ["expected an indented block"]
# ///
def f():
print("x")
