"""Output for programs: JSON, one object a line."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from enum import Enum
from typing import Annotated, Any

import typer

from cellblock_client.cli import settings

Json = Annotated[
    bool | None,
    typer.Option("--json/--no-json", help="Write JSON: an object a line. Default: `output`."),
]


def in_json(asked: bool | None) -> bool:
    """Return whether to write JSON: by the option, or else by the settings. Raises Error."""
    return settings.values()["output"].value == "json" if asked is None else asked


def write_json(items: Iterable[Any]) -> None:
    """Write dataclasses or dictionaries, one a line."""
    for item in items:
        data = item if isinstance(item, dict) else asdict(item)
        # Escaped beyond ASCII, so that a terminal interprets nothing in it.
        typer.echo(json.dumps(data, default=plain_json))


def plain_json(value: object) -> object:
    """Convert a value that JSON has no type for. Raises TypeError for an unknown type."""
    match value:
        case datetime():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Enum():
            return value.name
    raise TypeError(f"{type(value).__name__} can't be written as JSON")
