"""Output of all benchmarks: command, machine, and tables."""

import shlex
import sys
from collections.abc import Sequence

from benchmarks.machine import machine

Row = tuple[str, ...]


def print_header(module: str) -> None:
    """Print the command, the time and the machine."""
    facts = machine()
    print(f"$ {shlex.join(['python', '-m', module, *sys.argv[1:]])}")
    print(
        f"{facts['date']}, {facts['cores']} cores, {facts['memory']}, {facts['kernel']}, "
        f"{facts['engine']}, Python {facts['python']}, load {facts['load before']} before"
    )


def print_table(title: str, rows: Sequence[Row]) -> None:
    """Print rows in columns; the first row has the names."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    print(f"\n{title}")
    for row in rows:
        first, *others = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join([first.strip().ljust(widths[0]), *others]), flush=True)
