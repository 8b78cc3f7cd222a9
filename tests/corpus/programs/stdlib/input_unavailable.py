# /// expect
# error = "StdinNotImplementedError"
# stdout = ""
# ///
name = input("What is your name? ")
print("Hello", name)
# %%
# /// expect
# stdout = "Hello Ann\n"
# ///
name = "Ann"
print("Hello", name)
