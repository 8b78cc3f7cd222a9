# /// expect
# error = "ZeroDivisionError"
# error_contains = ["division by zero", "average"]
# ///
def average(values):
    return sum(values) / len(values)

average([])
# %%
# /// expect
# stdout = "0\n"
# ///
def average(values):
    return sum(values) / len(values) if values else 0

print(average([]))
