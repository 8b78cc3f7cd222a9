"""A cancelled upload leaves nothing uncounted, however often and whenever it is cancelled."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from cellblock_server.common.errors import NotFoundError
from cellblock_server.files.uploads import Upload
from tests.support.stored import Clock, Stored, stored
from tests.unit.server.test_uploads import Sent

PIECES = (bytes(2**18),) * 3
STEPS = 40
"""Turns of the event loop after which an upload is cancelled: more than it takes."""


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Stored]:
    async with stored(tmp_path, Clock()) as kept:
        yield kept


async def cancel_twice(work: Coroutine[Any, Any, object], steps: int) -> None:
    """Cancel `work` after some turns of the event loop, and again two turns later."""
    task = asyncio.ensure_future(work)
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    for _ in range(2):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})


async def generate(kept: Stored) -> None:
    with kept.blobs.hold_blobs() as hold:
        await hold.write(aiter(Sent(*PIECES, breaks=True)), max_bytes=2**20, field="data")


def partials(kept: Stored) -> dict[str, int]:
    """Names and sizes of all partial files."""
    incoming = kept.folder / "blobs" / "incoming"
    return {path.name: path.stat().st_size for path in incoming.iterdir()}


async def test_a_cancelled_upload_leaves_no_partial_file(kept: Stored) -> None:
    for steps in range(STEPS):
        uploads = [
            kept.uploads.upload("t", Upload("a"), Sent(*PIECES, breaks=True)) for _ in range(10)
        ]
        await asyncio.gather(*(cancel_twice(upload, steps) for upload in uploads))
        assert partials(kept) == {}
        assert await kept.usage.used("t") == 0


async def test_a_cancelled_capture_leaves_no_partial_file(kept: Stored) -> None:
    for steps in range(STEPS):
        await asyncio.gather(*(cancel_twice(generate(kept), steps) for _ in range(10)))
        assert partials(kept) == {}


async def test_what_a_cancelled_named_upload_leaves_is_counted(kept: Stored) -> None:
    names = [f"upload_{number}" for number in range(5)]
    for steps in range(STEPS):
        uploads = [
            kept.uploads.upload("t", Upload("a", upload_id=name), Sent(*PIECES, breaks=True))
            for name in names
        ]
        await asyncio.gather(*(cancel_twice(upload, steps) for upload in uploads))
        assert await kept.usage.used("t") == sum(partials(kept).values())
        known = 0
        for name in names:
            with suppress(NotFoundError):
                known += (await kept.uploads.progress("t", name)).received_bytes
        assert known == sum(partials(kept).values())
