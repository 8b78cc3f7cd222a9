# /// expect
# text = "(x + 1)**2"
# ///
import sympy as sp

sp.init_printing(pretty_print=False)
x = sp.symbols("x")
sp.factor(x**2 + 2 * x + 1)
# %%
# /// expect
# stdout = "\\int \\sqrt{\\frac{1}{x}}\\, dx\n1\n"
# ///
print(sp.latex(sp.Integral(sp.sqrt(1 / x), x)))
print(sp.simplify(sp.sin(x) ** 2 + sp.cos(x) ** 2))
