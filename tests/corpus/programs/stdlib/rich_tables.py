# /// expect
# stdout_contains = ["Name", "Ann", "31"]
# ///
from rich.console import Console
from rich.table import Table

table = Table(title="People")
table.add_column("Name")
table.add_column("Age", justify="right")
table.add_row("Ann", "31")
Console(width=60).print(table)
