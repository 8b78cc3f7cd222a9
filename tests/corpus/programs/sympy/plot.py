# /// expect
# images = 1
# ///
from sympy import plot, sin, symbols

x = symbols("x")
plot(sin(x), x**2 / 10, (x, -5, 5), title="sympy plot")
