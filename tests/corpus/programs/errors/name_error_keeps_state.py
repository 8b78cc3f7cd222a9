# /// expect
# error = "NameError"
# stdout = "before\n"
# ///
counter = 1
print("before")
counter += undefined_variable
# %%
# /// expect
# stdout = "1\n"
# ///
print(counter)
