# /// expect
# stdout = "-2 Matrix([[-2, 1], [3/2, -1/2]]) {5/2 - sqrt(33)/2: 1, 5/2 + sqrt(33)/2: 1}\nMatrix([[1, 0], [0, 1]]) Matrix([[1], [1/3]])\n⎡1  2⎤\n⎢    ⎥\n⎣3  4⎦\n"
# ///
from sympy import Matrix, Rational, pprint

M = Matrix([[1, 2], [3, 4]])
print(M.det(), M.inv(), M.eigenvals())
print(M.rref()[0], Matrix([[1, Rational(1, 3)]]).T)
pprint(M)
