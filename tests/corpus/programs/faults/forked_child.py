# A process that code forks ends with its cell, with Python's exit code; it is no second kernel.
# /// expect
# stdout = "child\nparent done 0\n"
# ///
import os, sys
pid = os.fork()
if pid == 0:
    print("child")
    sys.exit(0)
_, status = os.waitpid(pid, 0)
print("parent done", os.waitstatus_to_exitcode(status))
# %%
# /// expect
# stdout = "after\n"
# ///
print("after")
# %%
# /// expect
# stdout = "7\n"
# ///
pid = os.fork()
if pid == 0:
    sys.exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
# %% the child's exception is on standard error, and the parent's cell succeeds
# /// expect
# stdout = "1\n"
# stderr_contains = ["ValueError: in the child"]
# stderr_lines = 10
# ///
pid = os.fork()
if pid == 0:
    raise ValueError("in the child")
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
# %% an exit message
# /// expect
# stdout = "1\n"
# stderr = "no data\n"
# ///
pid = os.fork()
if pid == 0:
    sys.exit("no data")
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
# %% the end of the cell
# /// expect
# stdout = "in the child\nin the parent 0\n"
# ///
pid = os.fork()
if pid == 0:
    print("in the child")
else:
    status = os.waitpid(pid, 0)[1]
    print("in the parent", os.waitstatus_to_exitcode(status))
# %%
# /// expect
# stdout = "printed\n3\n"
# ///
pid = os.fork()
if pid == 0:
    print("printed")
    os._exit(3)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
# %% a fork of a fork
# /// expect
# stdout = "grandchild\nchild\nparent\n"
# ///
pid = os.fork()
if pid == 0:
    inner = os.fork()
    if inner == 0:
        print("grandchild")
    else:
        os.waitpid(inner, 0)
        print("child")
else:
    os.waitpid(pid, 0)
    print("parent")
# %% exit handlers of the child run in the child
# /// expect
# stdout = "thread\nhandler\nparent\n"
# ///
import atexit, threading, time
pid = os.fork()
if pid == 0:
    atexit.register(print, "handler")
    threading.Timer(0.05, print, ["thread"]).start()
    sys.exit()
os.waitpid(pid, 0)
print("parent")
# %% files that it leaves open are written, once
# /// expect
# stdout = "parent's\nchild's\n"
# files = ["child.txt", "parent.txt"]
# ///
parents = open("parent.txt", "w")
parents.write("parent's\n")
pid = os.fork()
if pid == 0:
    childs = open("child.txt", "w")
    childs.write("child's\n")
else:
    os.waitpid(pid, 0)
    parents.close()
    for name in ("parent.txt", "child.txt"):
        with open(name) as file:
            print(file.read(), end="")
# %% interrupted
# /// expect
# stdout = "-2\n"
# stderr_contains = ["KeyboardInterrupt"]
# stderr_lines = 10
# ///
pid = os.fork()
if pid == 0:
    raise KeyboardInterrupt
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
# %% a cell that awaits
# /// expect
# stdout = "1 3\n"
# stderr_contains = ["a forked process can't await"]
# stderr_lines = 10
# ///
import asyncio
event = asyncio.get_running_loop().create_future()
pid = os.fork()
if pid == 0:
    await event
    print("not reached")
other = os.fork()
if other == 0:
    sys.exit(3)
print(*(os.waitstatus_to_exitcode(os.waitpid(one, 0)[1]) for one in (pid, other)))
# %%
# /// expect
# text = "42"
# stdout = ""
# stderr = ""
# ///
6 * 7
