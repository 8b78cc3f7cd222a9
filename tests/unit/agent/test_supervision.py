"""The agent's background loops: a failure is logged and the loop runs again."""

import asyncio
import logging

import pytest

from cellblock_agent.supervision import keep_running


async def test_loop_that_fails_or_returns_runs_again(caplog: pytest.LogCaptureFixture) -> None:
    runs = 0
    works = asyncio.Event()

    async def loop() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise LookupError("a bug")
        if runs == 2:
            return
        works.set()
        await asyncio.Event().wait()

    with caplog.at_level(logging.ERROR, logger="cellblock_agent.supervision"):
        task = asyncio.create_task(keep_running("file watch", loop, first_pause=0.001))
        await asyncio.wait_for(works.wait(), 10)
        task.cancel()
        await asyncio.wait({task})
    assert task.cancelled()
    assert [record.getMessage() for record in caplog.records] == [
        "file watch failed; restarting in 0.001 s",
        "file watch ended unexpectedly; restarting in 0.002 s",
    ]
    assert caplog.records[0].exc_info is not None
