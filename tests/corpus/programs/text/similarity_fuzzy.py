# /// expect
# stdout = "Acme Corporation\n61.5 ['Globex Inc']\n6\n"
# ///
import difflib
from rapidfuzz import fuzz, process

names = ["Acme Corporation", "Globex Inc", "Initech LLC"]
print(process.extractOne("acme corp", names, scorer=fuzz.WRatio, processor=str.lower)[0])
print(round(fuzz.ratio("kitten", "sitting"), 1), difflib.get_close_matches("globx inc", names, n=1))
print("".join(difflib.unified_diff(["a\n", "b\n"], ["a\n", "c\n"], lineterm="\n")).count("\n"))
