"""The interface of backends has no path of the host, and says what each method promises."""

import inspect
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from cellblock_server.backends.backend import Backend

METHODS = sorted(Backend.__abstractmethods__)


def types_in(annotation: Any) -> Iterator[Any]:
    """An annotation, its arguments, and the fields of dataclasses among them."""
    yield annotation
    for argument in get_args(annotation):
        yield from types_in(argument)
    if is_dataclass(annotation):
        for field in fields(annotation):
            yield from types_in(get_type_hints(annotation)[field.name])


@pytest.mark.parametrize("name", METHODS)
def test_result_names_no_path(name: str) -> None:
    # `list` is a method of the class as well.
    hints = get_type_hints(getattr(Backend, name), localns={"list": list})
    assert Path not in set(map(id_of, types_in(hints["return"])))


@pytest.mark.parametrize("name", METHODS)
def test_method_says_more_than_its_name(name: str) -> None:
    text = inspect.getdoc(getattr(Backend, name)) or ""
    assert len(text) > 60, text


def id_of(annotation: Any) -> Any:
    """Return the annotation itself if it can be in a set, and None otherwise."""
    try:
        hash(annotation)
    except TypeError:
        return None
    return annotation
