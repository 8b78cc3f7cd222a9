"""Values as JSON, for programs that read what a command writes."""

import json
from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any


def json_line(value: object) -> str:
    """On one line: times as ISO 8601, choices by their names."""
    return json.dumps(_plain(value))


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    match value:
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case Sequence() if not isinstance(value, str):
            return [_plain(item) for item in value]
        case Enum():
            return value.name
        case datetime():
            return value.isoformat()
    return value
