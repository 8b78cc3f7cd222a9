# /// expect
# stdout = "0.142857142857142857142857142857 2.68\n1/2 0.30000000000000004 True\n2.5 2.1381 a\n2598960 2432902008176640000 12\n"
# ///
import math
import statistics
from decimal import Decimal, getcontext, ROUND_HALF_UP
from fractions import Fraction

getcontext().prec = 30
print(Decimal(1) / Decimal(7), Decimal("2.675").quantize(Decimal("0.01"), ROUND_HALF_UP))
print(Fraction(1, 3) + Fraction(1, 6), 0.1 + 0.2, math.isclose(0.1 + 0.2, 0.3))
print(statistics.mean([1, 2, 3, 4]), statistics.stdev([2, 4, 4, 4, 5, 5, 7, 9]).__round__(4), statistics.mode("aab"))
print(math.comb(52, 5), math.factorial(20), math.gcd(84, 36))
