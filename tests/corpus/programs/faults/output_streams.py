# Methods of Python's own streams, and what code does to descriptors.
# /// expect
# stdout = "é\nbytes\nwrapped é\ndetached\n1\n"
# ///
import codecs, contextlib, io, os, subprocess, sys
sys.stdout.reconfigure(encoding="utf-8", line_buffering=True)
print("é", flush=True)
sys.stdout.buffer.write(b"bytes\n")
real = sys.stdout
sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8")
print("wrapped é")
sys.stdout.flush()
sys.stdout = codecs.getwriter("utf-8")(real.detach())
print("detached")
sys.stdout = real
print(sys.stdout.fileno())
# %% a wrapper that is not flushed
# /// expect
# stdout = "rest\n"
# ///
sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8")
print("rest")
# %%
# /// expect
# stdout = "real again\ncaptured\n"
# ///
print("real again")
with contextlib.redirect_stdout(io.StringIO()) as text:
    print("captured")
print(text.getvalue(), end="")
# %% a closed descriptor
# /// expect
# stdout = "still here\n"
# ///
os.close(1)
print("still here")
# %%
# /// expect
# stdout = "child\nparent\n"
# ///
subprocess.run(["echo", "child"])
print("parent")
# %% a replaced descriptor
# /// expect
# files = ["log.txt"]
# ///
log = os.open("log.txt", os.O_WRONLY | os.O_CREAT, 0o644)
os.dup2(log, 1)
os.system("echo to the file")
None
# %%
# /// expect
# stdout = "to the file\nto the output\n"
# ///
print(open("log.txt").read(), end="")
os.system("echo to the output")
None
# %%
# /// expect
# stderr = "WARNING first\n"
# ///
import logging
handler = logging.StreamHandler()
handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
logger = logging.getLogger("program")
logger.addHandler(handler)
logger.propagate = False
logger.warning("first")
# %%
# /// expect
# stderr = "WARNING second\n"
# ///
logger.warning("second")
# %%
# /// expect
# stderr_contains = ["most recent call first"]
# stderr_lines = 60
# ///
import faulthandler
faulthandler.dump_traceback(all_threads=False)
