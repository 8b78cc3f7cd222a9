"""List of all keys, from the declarations of the sections."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, get_args

from pydantic import BaseModel, ByteSize
from pydantic.fields import FieldInfo

from cellblock_server.config.settings import Settings
from cellblock_server.config.values import Bounded, internal_reason

UNITS = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))
LARGEST = "Largest value of this limit that a session may ask for."


@dataclass(frozen=True)
class Key:
    """A key of the configuration."""

    path: list[str]
    field: FieldInfo
    description: str
    internal: str | None
    """Reason why no operator has to set it; None for a key that the reference lists."""

    @property
    def name(self) -> str:
        """Return the dotted name, such as `server.listen`."""
        return ".".join(self.path)

    @property
    def section(self) -> str:
        """Return the table of the file; empty for a key outside of all tables."""
        return self.path[0] if len(self.path) > 1 else ""

    @property
    def shown_default(self) -> str:
        """Return the default with its unit, or `derived` for one that depends on other keys."""
        if self.field.default_factory is None:
            return shown_value(self.field.default, self.field)
        return "derived" if self.internal is not None else ""


def all_keys() -> list[Key]:
    """Return every key in the order in which it is declared, internal ones included."""
    return list(_keys(Settings, []))


def _keys(section: type[BaseModel], around: list[str]) -> Iterator[Key]:
    for name, field in section.model_fields.items():
        kind = field.annotation
        path = [*around, name]
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _keys(kind, path)
        else:
            words = field.description or ""
            if issubclass(section, Bounded):
                words = sentence_of(section) if name == "default" else LARGEST
            yield Key(path, field, words, internal_reason(field))


def sentence_of(section: type[BaseModel]) -> str:
    """Return the docstring of a section in one line."""
    return " ".join((section.__doc__ or "").split())


def shown_value(value: Any, field: FieldInfo) -> str:  # noqa: ANN401 - values are of any type
    """Return a value as people read it: with its unit, and text in quotes."""
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.15g} s"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, ByteSize) or ByteSize in (field.annotation, *get_args(field.annotation)):
        return shown_size(int(value))
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_pairs(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return f"[{', '.join(_item(item) for item in value)}]"
    if isinstance(value, int):
        return str(value)
    return f"{value:g}" if isinstance(value, float) else f'"{value}"'


def shown_size(value: int) -> str:
    """Return a number of bytes in the largest unit that divides it."""
    for unit, name in UNITS:
        if value and value % unit == 0:
            return f"{value // unit} {name}"
    return f"{value} bytes"


def _item(item: object) -> str:
    return f"{{{_pairs(item)}}}" if isinstance(item, BaseModel) else f'"{item}"'


def _pairs(section: BaseModel) -> str:
    fields = type(section).model_fields
    return ", ".join(f"{name} = {shown_value(value, fields[name])}" for name, value in section)
