"""Parsers of times, purposes, orders and permissions on the command line."""

import re
from datetime import timedelta
from pathlib import Path

import typer

from cellblock_client.types import FilePurpose, ListOrder

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
ORDERS = {"asc": ListOrder.ASCENDING, "desc": ListOrder.DESCENDING}
PURPOSES = {purpose.name.lower(): purpose for purpose in FilePurpose}
UPLOADABLE = "assistants|vision|user_data"


STDIN = "-"


def source(text: str) -> Path:
    """Check the path of an input file, or `-` for standard input."""
    path = Path(text)
    if text != STDIN and not path.exists():
        raise typer.BadParameter(f"{text!r} does not exist")
    if path.is_dir():
        raise typer.BadParameter(f"{text!r} is a folder")
    return path


def duration(text: str) -> timedelta:
    """Parse a time, such as `7d` or `90s`."""
    found = re.fullmatch(r"(\d{1,9})([smhdw])", text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is not a number with s, m, h, d or w, such as 7d")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def purpose(text: str) -> FilePurpose:
    """Parse the name of a purpose."""
    if text not in PURPOSES:
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(PURPOSES)}")
    return PURPOSES[text]


def mode(text: str) -> int:
    """Parse permissions in octal, such as `755`."""
    if re.fullmatch("(0o?)?[0-7]{3}", text) is None:
        raise typer.BadParameter(f"{text!r} is not three octal digits, such as 644")
    return int(text[-3:], 8)


def order(text: str) -> ListOrder:
    """Parse the short name of an order."""
    if text not in ORDERS:
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(ORDERS)}")
    return ORDERS[text]
