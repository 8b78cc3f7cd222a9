# /// expect
# error = "SyntaxError"
# error_contains = ["line 1", "print("]
# ///
print("Hello"
# %%
# /// expect
# stdout = "Hello\n"
# ///
print("Hello")
