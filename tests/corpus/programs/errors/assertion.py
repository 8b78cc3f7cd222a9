# /// expect
# error = "AssertionError"
# error_contains = ["expected 4, got 5"]
# ///
result = 2 + 3
assert result == 4, f"expected 4, got {result}"
