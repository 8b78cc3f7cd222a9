# /// expect
# stdout = "| Name   |   Age |\n|--------|-------|\n| Ann    |    31 |\n| Bob    |     4 |\nAnn  31\nBob   4\n"
# ///
from tabulate import tabulate

rows = [["Ann", 31], ["Bob", 4]]
print(tabulate(rows, headers=["Name", "Age"], tablefmt="github"))
print(tabulate(rows, tablefmt="plain"))
