# /// expect
# stdout = "[937, 930, 857] 10\nc 4 -1.2215\n"
# ///
import heapq
import bisect
import random

def quicksort(a):
    if len(a) <= 1:
        return a
    pivot = a[len(a) // 2]
    return quicksort([x for x in a if x < pivot]) + [x for x in a if x == pivot] + quicksort([x for x in a if x > pivot])

random.seed(3)
data = random.sample(range(1000), 20)
assert quicksort(data) == sorted(data)
print(heapq.nlargest(3, data), bisect.bisect(sorted(data), 500))
print(random.choice("abc"), random.randint(1, 6), round(random.gauss(0, 1), 4))
