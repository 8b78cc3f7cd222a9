# /// expect
# stdout = "a-b!\n1,234,567.89 25.6%     42 ***x*** 0xff 3e-07\nwritten\n{'list': [0, 1, 2, 3, 4],\n 'nested': {'k': 'vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv'}}\nthe quick brown fox\njumps over the lazy\ndog\né ñ 漢字 🎉\n"
# ///
import sys
import textwrap
from pprint import pprint

print("a", "b", sep="-", end="!\n")
print(f"{1234567.891:,.2f} {0.256:.1%} {42:>6} {'x':*^7} {255:#x} {3.0e-7:g}")
sys.stdout.write("written\n")
pprint({"list": list(range(5)), "nested": {"k": "v" * 60}}, width=50)
print(textwrap.fill("the quick brown fox jumps over the lazy dog", 20))
print("é ñ 漢字 🎉")
