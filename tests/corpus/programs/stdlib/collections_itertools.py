# /// expect
# stdout = "[('i', 4), ('s', 4)]\n{'a': ['apple', 'avocado'], 'b': ['bean']}\n10 6 [1, 3, 6]\ndeque([4, 2, 3], maxlen=3) 120\n23416728348467685\n"
# ///
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from functools import lru_cache, reduce
from itertools import accumulate, chain, combinations, groupby, permutations, product

print(Counter("mississippi").most_common(2))
groups = defaultdict(list)
for word in ["apple", "avocado", "bean"]:
    groups[word[0]].append(word)
print(dict(groups))
print(len(list(combinations(range(5), 2))), len(list(permutations("abc"))), list(accumulate([1, 2, 3])))
d = deque(range(5), maxlen=3)
d.rotate(1)
print(d, reduce(lambda a, b: a * b, range(1, 6)))

@lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

print(fib(80))
