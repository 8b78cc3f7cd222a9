# /// expect
# images = 1
# ///
from sympy import Integral, init_printing, sqrt, symbols

init_printing()
x = symbols("x")
Integral(sqrt(1 / x), x)
