# /// expect
# stdout = "Eq(y(t), C1*exp(-2*t))\n{2: 3, 3: 2, 5: 1} True 12\n3.14159265358979323846264338328\n10\n"
# ///
from sympy import Function, dsolve, Eq, factorint, isprime, N, pi, symbols, lambdify, gcd

t = symbols("t")
y = Function("y")
print(dsolve(Eq(y(t).diff(t), -2 * y(t)), y(t)))
print(factorint(360), isprime(104729), gcd(84, 36))
print(N(pi, 30))
print(lambdify(t, t**2 + 1)(3))
