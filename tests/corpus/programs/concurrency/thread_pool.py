# /// expect
# stdout = "[1, 2, 3, 4, 5]\n[(0, 0), (1, 1), (2, 4), (3, 9)]\n"
# ///
from concurrent.futures import ThreadPoolExecutor, as_completed

def square(n):
    return n, n * n

with ThreadPoolExecutor(max_workers=4) as pool:
    print(list(pool.map(lambda n: n + 1, range(5))))
    futures = [pool.submit(square, n) for n in range(4)]
    print(sorted(f.result() for f in as_completed(futures)))
