"""Whoever knows one client knows the other: same names, same arguments, same types, same words."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any, get_origin, get_type_hints

import pytest

import cellblock_client
import cellblock_client._async
from cellblock_client import AsyncClient, Client
from tests.support.clients import PAIRS, methods, session_of

SAME = {
    # An asynchronous source may be an ordinary one as well.
    "collections.abc.AsyncIterable[str] | collections.abc.Iterable[str]": (
        "collections.abc.Iterable[str]"
    ),
    "AsyncIterator[": "Iterator[",
    **{
        f"{theirs.__module__}.{theirs.__name__}": f"{ours.__module__}.{ours.__name__}"
        for ours, theirs in PAIRS.items()
    },
}
"""What a type is called for asyncio, and what without."""
ENTERED = {"__enter__": "__aenter__", "__exit__": "__aexit__", "__iter__": "__aiter__"}
INTERNAL = {"AsyncChannel", "AsyncCodeStream", "AsyncSessionUploads", "AsyncTransport"}
BOTH = pytest.mark.parametrize(("sync", "asynchronous"), PAIRS.items())


@BOTH
def test_they_have_the_same_methods(sync: type, asynchronous: type) -> None:
    ours, theirs = (
        {name: told(member) for name, member in methods(kind).items()}
        for kind in (sync, asynchronous)
    )
    assert list(ours) == list(theirs)
    assert ours == theirs


@BOTH
def test_they_are_made_and_used_alike(sync: Any, asynchronous: Any) -> None:
    assert parameters(sync.__init__)[2:] == parameters(asynchronous.__init__)[2:]
    assert properties(sync) == properties(asynchronous)
    assert [ENTERED[name] for name in vars(sync) if name in ENTERED] == [
        name for name in vars(asynchronous) if name in ENTERED.values()
    ]


@pytest.mark.parametrize("kind", PAIRS.values())
def test_what_takes_time_is_awaited_or_iterated_over(kind: type) -> None:
    for name, member in methods(kind).items():
        given = get_type_hints(member)["return"]
        iterated = get_origin(given) in (AsyncIterator, AsyncGenerator)
        assert inspect.iscoroutinefunction(member) != (iterated or "__aiter__" in vars(given)), name


async def test_their_parts_have_the_same_names() -> None:
    with Client("127.0.0.1:1") as client:
        async with AsyncClient("127.0.0.1:1") as asynchronous:
            assert parts(client) == parts(asynchronous)
            assert parts(session_of(client)) == parts(session_of(asynchronous))


def test_none_is_left_out() -> None:
    modules = [
        importlib.import_module(module.name)
        for package in (cellblock_client, cellblock_client._async)
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
        if not module.ispkg
    ]
    found = {
        member
        for module in modules
        for name, member in vars(module).items()
        if inspect.isclass(member)
        and member.__module__.startswith("cellblock_client.")
        and name.startswith("Async")
        and name not in INTERNAL
    }
    assert found == set(PAIRS.values())


def told(method: Callable[..., Any]) -> tuple[list[Any], str, str]:
    """All that a caller sees of a method."""
    returned = inspect.signature(method).return_annotation
    kind = get_type_hints(method)["return"] if returned is not inspect.Signature.empty else None
    words = re.sub(r"\bAsync(?=[A-Z])", "", inspect.getdoc(method) or "")
    return parameters(method), plain(kind), words


def parameters(method: Callable[..., Any]) -> list[Any]:
    hints = get_type_hints(method)
    return [
        (one.name, one.kind, one.default, plain(hints.get(one.name)))
        for one in inspect.signature(method).parameters.values()
    ]


def plain(kind: Any) -> str:
    name = f"{kind.__module__}.{kind.__name__}" if inspect.isclass(kind) else repr(kind)
    for theirs, ours in SAME.items():
        name = name.replace(theirs, ours)
    # One that is asynchronous returns nothing.
    return re.sub(r"\bAsyncGenerator\[(.*), None\]", r"Generator[\1, None, None]", name)


def properties(kind: type) -> list[str]:
    return [name for name, member in vars(kind).items() if isinstance(member, property)]


def parts(thing: object) -> dict[str, str]:
    return {
        name: plain(type(part)) for name, part in vars(thing).items() if not name.startswith("_")
    }
