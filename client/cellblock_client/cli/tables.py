"""Tables for people, with ids that can be copied whole."""

import sys

from rich.console import Console
from rich.table import Table

ID_WIDTH = 29
"""Width of the ids that a server makes: `sess_` and `file-` with 24 letters and digits."""
WIDTH_WITHOUT_TERMINAL = 200


def table_of(kind: str, *columns: str) -> Table:
    """Create a table whose first column holds ids."""
    table = Table(box=None)
    table.add_column(kind, no_wrap=True, min_width=ID_WIDTH)
    for column in columns:
        table.add_column(column)
    return table


def print_table(table: Table) -> None:
    """Write a table to standard output."""
    width = None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL
    # Names are printed literally, even if they look like markup.
    Console(width=width, markup=False, emoji=False, highlight=False).print(table)
