# /// expect
# stdout = "[2, 3]\n{x: 2, y: 3}\n[1, -1/2 - sqrt(3)*I/2, -1/2 + sqrt(3)*I/2]\n"
# ///
from sympy import Eq, solve, symbols

x, y = symbols("x y")
print(solve(x**2 - 5 * x + 6, x))
print(solve([Eq(2 * x + y, 7), Eq(x - y, -1)], [x, y]))
print(solve(x**3 - 1, x))
