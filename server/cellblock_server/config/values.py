"""Types of configuration values.

Sizes are bytes, as a number or as text (`"512 MiB"`). Times are seconds, as a number, or ISO 8601
text (`"PT20M"`). Lists in variables are JSON (`["numpy"]`).
"""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ByteSize, ConfigDict, Field, model_validator
from pydantic.fields import FieldInfo

KIB, MIB, GIB = 2**10, 2**20, 2**30
MOMENT = timedelta(milliseconds=1)
DAY = timedelta(days=1)


def plain_seconds(value: object) -> object:
    """Convert `30` from a variable or flag to a number, as in the file."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def from_json(value: object) -> object:
    """Parse a list from a variable; leave other values for the list's own check to refuse."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


Names = Annotated[list[str], BeforeValidator(from_json)]


Duration = Annotated[timedelta, BeforeValidator(plain_seconds)]


Number = TypeVar("Number", ByteSize, int, float)


def at_most(name: str, value: timedelta, limit: str, most: timedelta) -> None:
    """Raise ValueError if a time is longer than what another key, `limit`, allows."""
    if value > most:
        raise ValueError(
            f"{name}: must be at most {limit} ({most.total_seconds():g} s), "
            f"got {value.total_seconds():g} s"
        )


INTERNAL = "internal"


def internal(default: Any, reason: str, **bounds: Any) -> Any:  # noqa: ANN401 - as pydantic's Field
    """Declare a value that no operator has to choose.

    It was a key in an earlier release, so it can still be set. The reference does not list it, and
    the server logs a warning with `reason`.
    """
    return Field(default, json_schema_extra={INTERNAL: reason}, **bounds)


def derived(compute: Callable[[dict[str, Any]], Any], reason: str, **bounds: Any) -> Any:  # noqa: ANN401
    """Declare an internal value that is computed from the keys of its section before it."""
    return Field(default_factory=compute, json_schema_extra={INTERNAL: reason}, **bounds)


def internal_reason(field: FieldInfo) -> str | None:
    """Return why a field is internal, or None if it is a key for operators."""
    extra = field.json_schema_extra
    return str(extra[INTERNAL]) if isinstance(extra, dict) and INTERNAL in extra else None


class Section(BaseModel):
    """A table of the file: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class Bounded(Section, Generic[Number]):
    """Default, minimum and maximum of a limit that a session may ask for."""

    default: Number
    min: Number
    max: Number

    @model_validator(mode="after")
    def _ordered(self) -> "Bounded[Number]":
        if not self.min <= self.default <= self.max:
            raise ValueError(
                f"default: must be from min ({self.min}) to max ({self.max}), got {self.default}"
            )
        return self
