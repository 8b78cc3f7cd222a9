# /// expect
# stdout = "333332833333500000\n"
# stderr_lines = 2
# ///
from numba import njit

@njit
def sum_squares(n):
    total = 0
    for i in range(n):
        total += i * i
    return total

print(sum_squares(1_000_000) + 0)
