"""A tenant's streams of bytes take turns; those past the bound are refused."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from cellblock_server.common.errors import QuotaError
from cellblock_server.files.uploads import Upload
from cellblock_server.tenants.turns import WAITING_FACTOR, Turns
from tests.support.stored import Clock, Stored, stored
from tests.support.waiting import eventually
from tests.unit.server.test_uploads import Sent, Stalled


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Stored]:
    async with stored(tmp_path, Clock(), turns=Turns(1)) as kept:
        yield kept


async def test_a_turn_is_waited_for_in_order() -> None:
    turns, order = Turns(1), []

    async def take(number: int) -> None:
        async with turns.turn("t"):
            order.append(number)

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(turns.turn("t"))
        waiting = [asyncio.create_task(take(number)) for number in range(WAITING_FACTOR)]
        await asyncio.sleep(0)
        with pytest.raises(QuotaError, match="at most 1 receive bytes at a time, and 4 wait"):
            await take(-1)
        async with turns.turn("other"):
            assert order == []
        waiting.pop(1).cancel()
    await asyncio.gather(*waiting)
    assert order == [0, 2, 3]
    assert turns._tenants == {}


async def test_an_upload_waits_for_another_one(kept: Stored) -> None:
    stalled = Stalled(b"x")
    first = asyncio.create_task(kept.uploads.upload("t", Upload("a"), stalled))
    await stalled.stalls.wait()
    second = asyncio.create_task(kept.uploads.upload("t", Upload("b"), Sent(b"x")))
    assert await kept.uploads.upload("other", Upload("b"), Sent(b"x"))
    assert not second.done()
    first.cancel()
    assert (await second).bytes == 1


async def test_a_resumed_upload_takes_the_turn_of_its_earlier_stream(kept: Stored) -> None:
    stalled = Stalled(b"he")
    upload = Upload("a", upload_id="upload_1")
    first = asyncio.create_task(kept.uploads.upload("t", upload, stalled))
    await stalled.stalls.wait()
    resumed = Upload("a", upload_id="upload_1", offset=2)
    assert (await kept.uploads.upload("t", resumed, Sent(b"llo"))).bytes == 5
    await eventually(first.cancelled)
