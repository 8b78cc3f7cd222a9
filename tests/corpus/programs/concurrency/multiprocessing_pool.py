# /// expect
# stdout = "[1, 8, 27]\n"
# ///
from multiprocessing import Pool

def cube(n):
    return n ** 3

with Pool(2) as p:
    print(p.map(cube, [1, 2, 3]))
