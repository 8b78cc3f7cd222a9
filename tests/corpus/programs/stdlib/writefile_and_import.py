# /// expect
# stdout = "Writing helpers.py\n"
# files = ["helpers.py"]
# ///
%%writefile helpers.py
def double(x):
    return 2 * x
# %%
# /// expect
# stdout = "42\n"
# ///
import helpers
print(helpers.double(21))
# %%
# /// expect
# stdout = "10\n"
# ///
%run helpers.py
print(double(5))
