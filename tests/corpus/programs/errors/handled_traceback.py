# /// expect
# stdout_contains = ["Traceback (most recent call last)", "ZeroDivisionError: division by zero", "recovered"]
# stderr_lines = 0
# ///
import traceback

try:
    1 / 0
except ZeroDivisionError:
    print(traceback.format_exc())
print("recovered")
