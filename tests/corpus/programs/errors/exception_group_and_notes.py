# /// expect
# error = "ValueError"
# error_contains = ["row 7"]
# ///
try:
    int("abc")
except ValueError as e:
    e.add_note("while reading row 7")
    raise
