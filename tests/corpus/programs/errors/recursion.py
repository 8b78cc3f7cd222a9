# /// expect
# error = "RecursionError"
# ///
def f(n):
    return f(n + 1)

f(0)
# %%
# /// expect
# stdout = "still here\n"
# ///
print("still here")
