# /// expect
# stderr_contains = ["Exception in thread", "in <lambda>", "ZeroDivisionError"]
# stderr_lines = 12
# stdout = "no frame of the sandbox\n"
# ///
import asyncio, io, sys, threading
from contextlib import redirect_stderr
thread = threading.Thread(target=lambda: 1 / 0)
thread.start(); thread.join()
text = io.StringIO()
with redirect_stderr(text):
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start(); thread.join()
print("frames of the sandbox" if "cellblock" in text.getvalue() else "no frame of the sandbox")
# %% a task that nothing awaits
# /// expect
# stderr_contains = ["Task exception was never retrieved", "ValueError: in a task"]
# stderr_lines = 12
# ///
import gc
async def fail(): raise ValueError("in a task")
task = asyncio.create_task(fail())
await asyncio.sleep(0)
await asyncio.sleep(0)
del task
gc.collect();
# %% a callback of the event loop
# /// expect
# stdout = "end\n"
# stderr_contains = ["Exception in callback", "KeyError: 'in a callback'"]
# stderr_lines = 20
# ///
def fail(): raise KeyError("in a callback")
asyncio.get_running_loop().call_soon(fail)
await asyncio.sleep(0.01)
print("end")
# %% a child process
# /// expect
# text = "1"
# stderr_contains = ["ZeroDivisionError"]
# stderr_lines = 4
# ///
import subprocess
subprocess.run([sys.executable, "-c", "1 / 0"]).returncode
# %% a pool of threads
# /// expect
# error = "ZeroDivisionError"
# error_contains = ["in inverse(n)"]
# ///
from concurrent.futures import ThreadPoolExecutor
def inverse(n): return 1 / n
with ThreadPoolExecutor() as pool: list(pool.map(inverse, [1, 0]))
# %% logged
# /// expect
# stderr_contains = ["ERROR:root:logged", "KeyError: 'k'"]
# stderr_lines = 6
# ///
import logging
try: {}["k"]
except KeyError: logging.exception("logged")
# %% an interface that calls back
# /// expect
# error = "KeyError"
# error_contains = ["in <lambda>(row)"]
# ///
import pandas as pd
pd.DataFrame({"a": [1]}).apply(lambda row: row["missing"], axis=1)
# %% executed and generated code
# /// expect
# error = "ValueError"
# error_contains = ["in numbers()", "exec(\"list(numbers())\")"]
# ///
def numbers():
    yield 1
    raise ValueError("generated")
exec("list(numbers())")
