"""Both clients have the same names, parameters, types and docstrings."""

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

SYNC_TYPES = {
    # An asynchronous method also accepts an ordinary iterable.
    "collections.abc.AsyncIterable[str] | collections.abc.Iterable[str]": (
        "collections.abc.Iterable[str]"
    ),
    "AsyncIterator[": "Iterator[",
    **{
        f"{theirs.__module__}.{theirs.__name__}": f"{ours.__module__}.{ours.__name__}"
        for ours, theirs in PAIRS.items()
    },
    "_async.transport.AsyncTransport": "_sync.transport.Transport",
}
"""Names of types in the asynchronous client, with those in the synchronous one."""
ENTERED = {"__enter__": "__aenter__", "__exit__": "__aexit__", "__iter__": "__aiter__"}
INTERNAL = {"AsyncChannel", "AsyncCodeStream", "AsyncSessionUploads", "AsyncTransport"}
BOTH = pytest.mark.parametrize(("sync", "asynchronous"), PAIRS.items())


@BOTH
def test_both_clients_have_the_same_methods(sync: type, asynchronous: type) -> None:
    ours, theirs = (
        {name: public_description(member) for name, member in methods(kind).items()}
        for kind in (sync, asynchronous)
    )
    assert list(ours) == list(theirs)
    assert ours == theirs


@BOTH
def test_both_clients_are_constructed_and_used_alike(sync: Any, asynchronous: Any) -> None:
    assert parameters(sync.__init__)[2:] == parameters(asynchronous.__init__)[2:]
    assert properties(sync) == properties(asynchronous)
    assert [ENTERED[name] for name in vars(sync) if name in ENTERED] == [
        name for name in vars(asynchronous) if name in ENTERED.values()
    ]


@pytest.mark.parametrize("kind", PAIRS.values())
def test_async_methods_are_coroutines_or_iterators(kind: type) -> None:
    for name, member in methods(kind).items():
        given = get_type_hints(member)["return"]
        iterated = get_origin(given) in (AsyncIterator, AsyncGenerator)
        assert inspect.iscoroutinefunction(member) != (iterated or "__aiter__" in vars(given)), name


async def test_both_clients_have_the_same_parts() -> None:
    with Client("127.0.0.1:1") as client:
        async with AsyncClient("127.0.0.1:1") as asynchronous:
            assert parts(client) == parts(asynchronous)
            assert parts(session_of(client)) == parts(session_of(asynchronous))


def test_every_async_class_is_compared() -> None:
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


def public_description(method: Callable[..., Any]) -> tuple[list[Any], str, str]:
    """Return the parameters, the type of the result and the docstring of a method."""
    returned = inspect.signature(method).return_annotation
    kind = get_type_hints(method)["return"] if returned is not inspect.Signature.empty else None
    words = re.sub(r"\bAsync(?=[A-Z])", "", inspect.getdoc(method) or "")
    return parameters(method), type_name(kind), words


def parameters(method: Callable[..., Any]) -> list[Any]:
    hints = get_type_hints(method)
    return [
        (one.name, one.kind, one.default, type_name(hints.get(one.name)))
        for one in inspect.signature(method).parameters.values()
    ]


def type_name(kind: Any) -> str:
    name = f"{kind.__module__}.{kind.__name__}" if inspect.isclass(kind) else repr(kind)
    for theirs, ours in SYNC_TYPES.items():
        name = name.replace(theirs, ours)
    # A generator of the asynchronous client has no return value.
    return re.sub(r"\bAsyncGenerator\[(.*), None\]", r"Generator[\1, None, None]", name)


def properties(kind: type) -> list[str]:
    return [name for name, member in vars(kind).items() if isinstance(member, property)]


def parts(thing: object) -> dict[str, str]:
    return {
        name: type_name(type(part))
        for name, part in vars(thing).items()
        if not name.startswith("_")
    }
