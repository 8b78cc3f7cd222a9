# Output of child processes is complete, in lines, and in the execution that waits for them.
# /// expect
# stdout_contains = ["processing 0\n", "processing 1\n", "processing 2\n", "processing 3\n", "[0, 1, 2, 3]\n"]
# ///
from joblib import Parallel, delayed

def f(i):
    print("processing", i)
    return i

print(Parallel(n_jobs=2)(delayed(f)(i) for i in range(4)))
# %% the same workers again
# /// expect
# stdout_contains = ["again 0\n", "again 1\n", "[0, 1]\n"]
# ///
def g(i):
    print("again", i)
    return i

print(Parallel(n_jobs=2)(delayed(g)(i) for i in range(2)))
# %%
# /// expect
# stdout = "start\nworker 1\nworker 2\nend\n"
# ///
import multiprocessing, os, subprocess, sys
print("start")
for i in (1, 2):
    p = multiprocessing.Process(target=print, args=("worker", i))
    p.start()
    p.join()
print("end")
# %%
# /// expect
# stdout_contains = ["square of 0\n", "square of 5\n", "[0, 1, 4, 9, 16, 25]\n"]
# ///
from concurrent.futures import ProcessPoolExecutor

def square(i):
    print("square", "of", i)
    return i * i

with multiprocessing.Pool(2) as pool:
    print(pool.map(square, range(6)))
# %%
# /// expect
# stdout_contains = ["square of 0\n", "square of 1\n", "[0, 1]\n"]
# ///
with ProcessPoolExecutor(2) as pool:
    print(list(pool.map(square, range(2))))
# %% functions of a module work with every start method
# /// expect
# stdout = "spawned\nfrom the fork server\n"
# ///
for method, text in (("spawn", "spawned"), ("forkserver", "from the fork server")):
    p = multiprocessing.get_context(method).Process(target=print, args=(text,))
    p.start()
    p.join()
# %%
# /// expect
# stdout = "a\nchild of Python\nb\nshell\nc\n"
# stderr = "to stderr\n"
# ///
print("a")
subprocess.run([sys.executable, "-c", "import sys; print('child of Python'); print('to stderr', file=sys.stderr)"])
print("b")
os.system("echo shell")
print("c")
# %% what a killed program has printed
# /// expect
# stdout = "line 1\n-9\n"
# ///
p = subprocess.Popen([sys.executable, "-c", "import os, time; print('line 1'); os.kill(os.getpid(), 9)"])
print(p.wait())
# %% written by C code, by descriptor, and by Python
# /// expect
# stdout = "python\nC\ndescriptor\noriginal\nend without newline"
# ///
import ctypes
libc = ctypes.CDLL(None)
print("python")
libc.puts(b"C")
os.write(1, b"descriptor\n")
print("original", file=sys.__stdout__)
libc.printf(b"end without newline")
None
# %% a child with more output than a pipe has room for
# /// expect
# stdout_contains = ["0199999\nend\n"]
# ///
pid = os.fork()
if pid == 0:
    print("\n".join(f"{n:07}" for n in range(190_000, 200_000)))
    os._exit(0)
os.waitpid(pid, 0)
print("end")
