"""A record is replaced, never changed: what one part read stays as it was."""

from dataclasses import FrozenInstanceError, fields, is_dataclass
from typing import Any

import pytest

from cellblock_server.store import records

RECORDS = [
    kind
    for name, kind in vars(records).items()
    if is_dataclass(kind)
    and isinstance(kind, type)
    and name.endswith(("Record", "Failure", "Error"))
]


def test_all_kinds_of_records_are_found() -> None:
    assert len(RECORDS) >= 11


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: str(kind.__name__))
def test_records_are_immutable(kind: type) -> None:
    record: Any = object.__new__(kind)
    for field in fields(kind):
        with pytest.raises(FrozenInstanceError):
            setattr(record, field.name, None)
