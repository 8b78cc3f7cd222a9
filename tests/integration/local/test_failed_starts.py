"""A local sandbox that fails to start reports why; its log is kept until then."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from cellblock_server.backends.local.backend import LocalBackend
from cellblock_server.common.errors import UnavailableError
from cellblock_server.config import Settings
from cellblock_server.sessions.limits import sandbox_spec
from cellblock_server.sessions.ready import ReadySandbox
from cellblock_server.sessions.request import NewSession


async def test_the_error_has_the_end_of_the_agents_log(tmp_path: Path) -> None:
    backend = LocalBackend(tmp_path, ["--no-such-option=1"])
    spec = sandbox_spec(NewSession(), Settings(), sandbox_id="sbx_1")
    with pytest.raises(UnavailableError, match=r"last line of its log: .*unrecognized arguments"):
        await ReadySandbox.start(backend, spec, "token", timedelta(seconds=30))
    assert await asyncio.to_thread(lambda: list(tmp_path.iterdir())) == []
