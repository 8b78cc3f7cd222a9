# /// expect
# error = "StdinNotImplementedError"
# error_contains = ["input() can't read input"]
# stdout = ""
# ///
name = input("Your name? ")
# %%
# /// expect
# error = "StdinNotImplementedError"
# error_contains = ["getpass() can't read input"]
# ///
import getpass
getpass.getpass()
# %%
# /// expect
# text = "('', '')"
# ///
import sys
sys.stdin.readline(), sys.stdin.read()
# %%
# /// expect
# error = "StdinNotImplementedError"
# error_contains = ["a debugger can't read commands", "----> 2     breakpoint()"]
# stdout = ""
# ///
def f(x):
    breakpoint()
    return x
f(1)
# %%
# /// expect
# error = "StdinNotImplementedError"
# stdout = ""
# ///
import pdb; pdb.set_trace()
# %%
# /// expect
# error = "ZeroDivisionError"
# ///
1 / 0
# %%
# /// expect
# error = "StdinNotImplementedError"
# stdout = ""
# ///
pdb.pm()
# %%
# /// expect
# error = "UsageError"
# error_contains = ["a debugger can't read commands"]
# stdout = ""
# stderr = ""
# ///
%debug
# %%
# /// expect
# error = "UsageError"
# stdout = ""
# ///
%pdb on
# %%
# /// expect
# error = "UsageError"
# error_contains = ["%%writefile"]
# stdout = ""
# ///
%edit script.py
# %% a debugger that reads its commands from a text
# /// expect
# text = "6"
# stderr = ""
# ///
import io
def double(x):
    debugger = pdb.Pdb(stdin=io.StringIO("continue\n"), stdout=io.StringIO())
    debugger.set_trace()
    return 2 * x
double(3)
# %%
# /// expect
# stdout = "[%load: there is no next cell for this text. To run it, execute it as a cell.]\n# %load script.py\nprint('loaded')\n"
# files = ["script.py"]
# ///
with open("script.py", "w") as file: file.write("print('loaded')\n")
%load script.py
# %%
# /// expect
# stdout_contains = ["there is no next cell", "# %load script.py\nprint('loaded')"]
# ///
%loadpy script.py
# %%
# /// expect
# stdout_contains = ["[%recall: there is no next cell", "import getpass"]
# ///
%recall 2
# %%
# /// expect
# stdout = "[set_next_input: there is no next cell for this text. To run it, execute it as a cell.]\nx = 1\n"
# ///
get_ipython().set_next_input("x = 1")
# %%
# /// expect
# displays = 0
# ///
import json
json.dumps?
# %%
# /// expect
# displays = 0
# ///
%psource json.dumps
# %%
# /// expect
# displays = 0
# ///
%page sys
# %%
# /// expect
# stdout_contains = ["getpass.getpass()"]
# ///
%history
