"""Every backend method treats an absent sandbox as its documentation says."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cellblock_server.common.errors import NotFoundError
from cellblock_server.common.ids import new_id
from tests.integration.backends.conftest import BackendOfServer
from tests.integration.backends.test_inputs import StoredFile

Call = Callable[[BackendOfServer, str], Awaitable[object]]


async def serve(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Ignore a connection; no test makes one."""


NOT_FOUND: dict[str, Call] = {
    "connect": lambda server, absent: server.backend.connect(absent),
    "offer_input": lambda server, absent: server.backend.offer_input(
        absent, StoredFile(Path(__file__))
    ),
    "open_egress": lambda server, absent: server.backend.open_egress(absent, serve),
    "update": lambda server, absent: server.backend.update(replace(server.spec(), id=absent)),
    "stats": lambda server, absent: server.backend.stats(absent),
    "cpu_seconds": lambda server, absent: server.backend.cpu_seconds(absent),
}


@pytest.mark.parametrize("call", NOT_FOUND.values(), ids=NOT_FOUND)
async def test_absent_sandbox_is_not_found(server: BackendOfServer, call: Call) -> None:
    with pytest.raises(NotFoundError):
        await call(server, new_id("sbx_"))


async def test_absent_sandbox_is_no_error_for_calls_that_end_or_describe_it(
    server: BackendOfServer,
) -> None:
    absent = new_id("sbx_")
    await server.backend.withdraw_input(absent, "file-1")
    await server.backend.destroy(absent)
    assert (await server.backend.wait(absent)).words == "was removed"
    assert await server.backend.last_log(absent) == ""
    assert await server.backend.memory_bytes(absent) is None
