"""What every benchmark prints: its command, the machine, and tables."""

import platform
import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import psutil

from benchmarks.service import docker

Row = tuple[str, ...]


def print_header(module: str) -> None:
    """Say what was run, when, and on what. Nothing that tells one such machine from another."""
    command = shlex.join(["python", "-m", module, *sys.argv[1:]])
    memory = psutil.virtual_memory().total / 2**30
    engine = docker("version", "--format", "{{.Server.Version}}")
    print(f"$ {command}")
    print(
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {psutil.cpu_count()} cores, {memory:.0f} GiB, "
        f"Linux {platform.release().split('-')[0]}, Docker {engine}, "
        f"Python {platform.python_version()}, load {psutil.getloadavg()[0]:.1f} before"
    )


def print_table(title: str, rows: Sequence[Row]) -> None:
    """Print rows in columns; the first row names them."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    print(f"\n{title}")
    for row in rows:
        first, *others = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join([first.strip().ljust(widths[0]), *others]), flush=True)
