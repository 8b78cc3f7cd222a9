# /// expect
# stdout = "derivative: exp(x)*sin(x) + exp(x)*cos(x)\nintegral: exp(x)*sin(x)/2 - exp(x)*cos(x)/2\nlimit: 1\nseries: 1 - x**2/2 + x**4/24 + O(x**6)\ndefinite: sqrt(pi)\n"
# ///
import sympy as sp

x = sp.Symbol("x")
f = sp.sin(x) * sp.exp(x)
print("derivative:", sp.diff(f, x))
print("integral:", sp.integrate(f, x))
print("limit:", sp.limit(sp.sin(x) / x, x, 0))
print("series:", sp.series(sp.cos(x), x, 0, 6))
print("definite:", sp.integrate(sp.exp(-x**2), (x, -sp.oo, sp.oo)))
