# Processes that multiprocessing spawns know the functions and classes of cells.
# /// expect
# stdout = "worker 20 Point(x=1)\n0\n"
# ///
import multiprocessing as mp
from dataclasses import dataclass

FACTOR = 10

@dataclass
class Point:
    x: int

def work(n, point):
    print("worker", n * FACTOR, point)

p = mp.get_context("spawn").Process(target=work, args=(2, Point(1)))
p.start()
p.join()
print(p.exitcode)
# %% a pool, with state that its initializer sets
# /// expect
# stdout = "[5, 6, 7]\n"
# ///
def begin(value):
    global offset
    offset = value

def add(n):
    return n + offset

with mp.get_context("spawn").Pool(2, begin, (5,)) as pool:
    print(pool.map(add, range(3)))
# %% the fork server, twice: it knows what was defined later
# /// expect
# stdout = "[0, 1, 4]\n"
# ///
from concurrent.futures import ProcessPoolExecutor

def square(n):
    return n * n

with ProcessPoolExecutor(2, mp_context=mp.get_context("forkserver")) as pool:
    print(list(pool.map(square, range(3))))
# %%
# /// expect
# stdout = "[0, 1, 8]\n"
# ///
def cube(n):
    return n ** 3

with ProcessPoolExecutor(2, mp_context=mp.get_context("forkserver")) as pool:
    print(list(pool.map(cube, range(3))))
# %% a definition that the new process can't repeat prevents no other
# /// expect
# stdout = "27\n"
# ///
table = {n: n for n in range(3)}

class Broken(type(list(table.values())[0])):
    pass

with mp.get_context("spawn").Pool(1) as pool:
    print(pool.apply(cube, (3,)))
