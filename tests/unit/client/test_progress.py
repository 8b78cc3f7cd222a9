"""Every transfer tells how far it is, and what is raised there ends it."""

import inspect
import io
from collections.abc import Callable
from typing import Any

import pytest

from cellblock_client import AsyncClient, Client
from cellblock_client.content import Progress
from tests.support.clients import PAIRS, finish, finish_async, methods, session_of
from tests.unit.client.conftest import CONTENT, FileServer

TRANSFERS: dict[str, Callable[[Any, Any, Progress], Any]] = {
    "Files.upload": lambda client, _, told: client.files.upload(CONTENT, "a", progress=told),
    "Files.download": lambda client, _, told: client.files.download(
        "file-1", io.BytesIO(), progress=told
    ),
    "Files.stream": lambda client, _, told: client.files.stream("file-1", progress=told),
    "Session.attach": lambda _, session, told: session.attach(CONTENT, "a", progress=told),
    "SessionFiles.write": lambda _, session, told: session.files.write("a", CONTENT, progress=told),
    "SessionFiles.read": lambda _, session, told: session.files.read("a", progress=told),
    "SessionFiles.stream": lambda _, session, told: session.files.stream("a", progress=told),
    "SessionFiles.download": lambda _, session, told: session.files.download(
        "a", io.BytesIO(), progress=told
    ),
    "SessionFiles.download_folder": lambda _, session, told: session.files.download_folder(
        "", io.BytesIO(), progress=told
    ),
}
"""Each method that tells it, called."""
EACH = pytest.mark.parametrize("name", TRANSFERS)
BOTH = pytest.mark.parametrize("kind", [Client, AsyncClient])


async def transfer(files: FileServer, kind: Any, name: str, progress: Progress) -> None:
    if kind is Client:
        with Client(files.address) as client:
            finish(TRANSFERS[name](client, session_of(client), progress))
    else:
        async with AsyncClient(files.address) as client:
            await finish_async(TRANSFERS[name](client, session_of(client), progress))


def test_no_method_is_left_out() -> None:
    assert TRANSFERS.keys() == {
        f"{kind.__name__}.{name}"
        for kind in PAIRS
        for name, method in methods(kind).items()
        if "progress" in inspect.signature(method).parameters
    }


@EACH
@BOTH
async def test_it_is_told_up_to_the_last_byte(files: FileServer, kind: Any, name: str) -> None:
    told: list[tuple[int, int | None]] = []
    await transfer(files, kind, name, lambda done, total: told.append((done, total)))
    assert len(told) > 2
    assert told == sorted(told, key=lambda one: one[0])
    assert told[-1][0] == len(CONTENT)
    # Nobody knows how long a sandbox's file is going to be.
    known = not name.startswith("SessionFiles.") or name == "SessionFiles.write"
    assert {total for _done, total in told} == {len(CONTENT) if known else None}


@EACH
@BOTH
async def test_what_it_raises_ends_the_transfer(files: FileServer, kind: Any, name: str) -> None:
    def stop(_done: int, _total: int | None) -> None:
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        await transfer(files, kind, name, stop)
