# /// expect
# stdout = "after\n"
# stderr_contains = ["ZeroDivisionError: division by zero", "----> 2 try: 1 / 0"]
# stderr_lines = 20
# ///
ip = get_ipython()
try: 1 / 0
except ZeroDivisionError: ip.showtraceback()
print("after")
# %% a cell that runs another one
# /// expect
# stdout = "ran\n"
# stderr_contains = ["ZeroDivisionError"]
# stderr_lines = 20
# ///
ip.run_cell("1 / 0")
print("ran")
# %% within each other
# /// expect
# stdout = "4\n"
# stderr_contains = ["ZeroDivisionError"]
# stderr_lines = 20
# ///
ip.run_cell("get_ipython().run_cell('1 / 0');")
print(4)
# %% a display that raises
# /// expect
# stdout = "shown\n"
# stderr_contains = ["ValueError: no text", "KeyError: 'no html'"]
# stderr_lines = 40
# ///
class Broken:
    def __repr__(self): raise ValueError("no text")
    def _repr_html_(self): raise KeyError("no html")
display(Broken())
print("shown")
# %% a result that raises
# /// expect
# error = "ValueError"
# error_contains = ["ValueError: no text"]
# stderr_contains = ["KeyError: 'no html'"]
# stderr_lines = 40
# ///
Broken()
# %% a script that raises
# /// expect
# stdout = "after the script\n"
# stderr_contains = ["script.py:2, in fail()", "ZeroDivisionError"]
# stderr_lines = 40
# files = ["script.py"]
# ///
with open("script.py", "w") as file: file.write("def fail():\n    1 / 0\nfail()\n")
%run script.py
print("after the script")
# %% captured output
# /// expect
# stderr_contains = ["ZeroDivisionError"]
# stderr_lines = 20
# ///
%%capture captured
print("captured")
1 / 0
# %% what was captured
# /// expect
# text = "'captured\\n'"
# ///
captured.stdout
# %% callbacks of the interpreter
# /// expect
# stdout_contains = ["set", "Error in callback"]
# stderr_contains = ["LookupError: in the callback"]
# stderr_lines = 20
# ///
def callback(*_): raise LookupError("in the callback")
ip.events.register("post_execute", callback)
print("set")
# %% an exception, and one of a callback
# /// expect
# error = "ZeroDivisionError"
# error_contains = ["1 / 0"]
# stdout_contains = ["Error in callback"]
# stderr_contains = ["LookupError: in the callback"]
# stderr_lines = 20
# ///
1 / 0
# %% a callback before the code
# /// expect
# stdout = ""
# stderr = ""
# ///
ip.events.unregister("post_execute", callback)
ip.events.register("pre_run_cell", callback)
# %%
# /// expect
# stdout_contains = ["Error in callback", "runs"]
# stderr_contains = ["LookupError: in the callback"]
# stderr_lines = 20
# ///
print("runs")
ip.events.unregister("pre_run_cell", callback)
# %% printed by hand
# /// expect
# stderr_contains = ["Traceback", "KeyError: 'k'"]
# stderr_lines = 5
# ///
import traceback
try: {}["k"]
except KeyError: traceback.print_exc()
# %% and the cell's own exception after others
# /// expect
# error = "TypeError"
# error_contains = ["TypeError: last"]
# stderr_contains = ["ValueError: no text"]
# stderr_lines = 40
# ///
display(Broken())
raise TypeError("last")
# %% a figure after an exception
# /// expect
# error = "RuntimeError"
# images = 1
# ///
import matplotlib.pyplot as plt
plt.plot([1, 2])
raise RuntimeError("after the figure")
