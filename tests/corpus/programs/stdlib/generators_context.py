# /// expect
# stdout = "<primes>\nPRIMES [2, 3, 5, 7, 11, 13, 17, 19, 23, 29] 76127\n</primes>\n"
# ///
from contextlib import contextmanager

def primes(limit):
    sieve = [True] * (limit + 1)
    for i in range(2, limit + 1):
        if sieve[i]:
            yield i
            for j in range(i * i, limit + 1, i):
                sieve[j] = False

@contextmanager
def section(title):
    print(f"<{title}>")
    yield title.upper()
    print(f"</{title}>")

with section("primes") as t:
    print(t, list(primes(30)), sum(primes(1000)))
