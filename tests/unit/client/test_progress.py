"""Every transfer reports its progress, and an exception of the callback ends it."""

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
    "Files.upload": lambda client, _, reported: client.files.upload(
        CONTENT, "a", progress=reported
    ),
    "Files.download": lambda client, _, reported: client.files.download(
        "file-1", io.BytesIO(), progress=reported
    ),
    "Files.stream": lambda client, _, reported: client.files.stream("file-1", progress=reported),
    "Session.attach": lambda _, session, reported: session.attach(CONTENT, "a", progress=reported),
    "SessionFiles.write": lambda _, session, reported: session.files.write(
        "a", CONTENT, progress=reported
    ),
    "SessionFiles.read": lambda _, session, reported: session.files.read("a", progress=reported),
    "SessionFiles.stream": lambda _, session, reported: session.files.stream(
        "a", progress=reported
    ),
    "SessionFiles.download": lambda _, session, reported: session.files.download(
        "a", io.BytesIO(), progress=reported
    ),
    "SessionFiles.download_folder": lambda _, session, reported: session.files.download_folder(
        "", io.BytesIO(), progress=reported
    ),
}
"""A call of each method that reports progress."""
EACH = pytest.mark.parametrize("name", TRANSFERS)
BOTH = pytest.mark.parametrize("kind", [Client, AsyncClient])


async def transfer(files: FileServer, kind: Any, name: str, progress: Progress) -> None:
    if kind is Client:
        with Client(files.address) as client:
            finish(TRANSFERS[name](client, session_of(client), progress))
    else:
        async with AsyncClient(files.address) as client:
            await finish_async(TRANSFERS[name](client, session_of(client), progress))


def test_every_method_is_tested_here() -> None:
    assert TRANSFERS.keys() == {
        f"{kind.__name__}.{name}"
        for kind in PAIRS
        for name, method in methods(kind).items()
        if "progress" in inspect.signature(method).parameters
    }


@EACH
@BOTH
async def test_progress_is_reported_up_to_the_last_byte(
    files: FileServer, kind: Any, name: str
) -> None:
    reported: list[tuple[int, int | None]] = []
    await transfer(files, kind, name, lambda done, total: reported.append((done, total)))
    assert len(reported) > 2
    assert reported == sorted(reported, key=lambda one: one[0])
    assert reported[-1][0] == len(CONTENT)
    # The size of a session file isn't known before its end.
    known = not name.startswith("SessionFiles.") or name == "SessionFiles.write"
    assert {total for _done, total in reported} == {len(CONTENT) if known else None}


@EACH
@BOTH
async def test_exception_of_the_callback_ends_the_transfer(
    files: FileServer, kind: Any, name: str
) -> None:
    def raise_error(_done: int, _total: int | None) -> None:
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        await transfer(files, kind, name, raise_error)
