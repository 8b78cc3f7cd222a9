# /// expect
# error = "SystemExit"
# error_contains = ["SystemExit: 0"]
# stderr = ""
# ///
import sys
sys.exit(0)
# %%
# /// expect
# error = "SystemExit"
# error_contains = ["SystemExit: 1"]
# stderr = ""
# ///
sys.exit(1)
# %%
# /// expect
# error = "SystemExit"
# error_contains = ["SystemExit: some text"]
# stderr = ""
# ///
sys.exit("some text")
# %%
# /// expect
# error = "SystemExit"
# stderr = ""
# ///
exit()
# %%
# /// expect
# error = "SystemExit"
# stderr = ""
# ///
quit()
# %%
# /// expect
# error = "SystemExit"
# ///
raise SystemExit
# %%
# /// expect
# error = "KeyboardInterrupt"
# ///
raise KeyboardInterrupt
# %%
# /// expect
# error = "AssertionError"
# error_contains = ["AssertionError: not equal"]
# ///
assert 1 == 2, "not equal"
# %%
# /// expect
# error = "ExceptionGroup"
# error_contains = ["ValueError: 1", "TypeError: 2"]
# ///
raise ExceptionGroup("several", [ValueError(1), TypeError(2)])
# %%
# /// expect
# error = "RuntimeError"
# error_contains = ["ValueError: cause", "direct cause", "RuntimeError: effect"]
# ///
try: raise ValueError("cause")
except ValueError as error: raise RuntimeError("effect") from error
# %%
# /// expect
# error = "ValueError"
# error_contains = ["(1, {'a': 2}, None)"]
# ///
raise ValueError(1, {"a": 2}, None)
# %%
# /// expect
# error = "ValueError"
# error_contains = ["bytes were left out here: the limit is 65536 bytes", "raise ValueError"]
# ///
raise ValueError("x" * 200_000)
# %%
# /// expect
# error = "Unprintable"
# error_contains = ["raise Unprintable", "Unprintable: <exception str() failed>"]
# stdout = ""
# stderr = ""
# ///
class Unprintable(Exception):
    def __str__(self): raise RuntimeError("no text")
raise Unprintable
# %%
# /// expect
# error = "ValueError"
# error_contains = ["ValueError: of the user"]
# ///
class ValueError(Exception): pass
raise ValueError("of the user")
# %%
# /// expect
# error = "RecursionError"
# ///
del ValueError
def again(n): return again(n + 1)
again(0)
# %%
# /// expect
# error = "SyntaxError"
# stderr = ""
# ///
1 +
# %%
# /// expect
# error = "IndentationError"
# ///
def f():
x = 1
# %% an exception that is false, and equal to all others
# /// expect
# error = "Empty"
# error_contains = ["raise Empty"]
# stderr = ""
# ///
class Empty(Exception):
    def __bool__(self): return False
    def __eq__(self, other): return True
    __hash__ = None
raise Empty
# %% a syntax error in executed code
# /// expect
# error = "SyntaxError"
# error_contains = ["line 1\n    exec(\"1 +\")", "File <string>:1"]
# ///
exec("1 +")
# %%
# /// expect
# error = "MemoryError"
# ///
raise MemoryError
# %%
# /// expect
# error = "LookupError"
# error_contains = ["in find()"]
# ///
async def find(): raise LookupError("awaited")
await find()
# %%
# /// expect
# error = "UsageError"
# error_contains = ["`%nonsense` not found"]
# stderr = ""
# ///
%nonsense
# %%
# /// expect
# error = "ZeroDivisionError"
# ///
%%timeit -n1 -r1
1 / 0
# %%
# /// expect
# status = "FAILED"
# cause = "KERNEL_DIED"
# ///
import os
os._exit(3)
