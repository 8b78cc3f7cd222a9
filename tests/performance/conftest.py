"""A server whose work is counted, and a caller whose work is not."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import grpc
import pytest

from cellblock_server.assembly import listening
from cellblock_server.config.load import load
from cellblock_server.config.settings import Settings
from cellblock_server.store.state_folder import state_folder
from tests.performance.counting import Counts, counting
from tests.support.images import CORE

HERE = Path(__file__).parent

T = TypeVar("T")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.engine)


@dataclass(frozen=True)
class Counted:
    """The server, in this process."""

    counts: Counts
    address: str
    caller: ThreadPoolExecutor

    @contextmanager
    def taken(self, found: list[Counts]) -> Iterator[None]:
        """Add what is counted during this block to `found`."""
        before = copy(self.counts)
        yield
        found.append(self.counts.since(before))

    async def ask(self, call: Callable[[grpc.Channel], T]) -> T:
        """Result of the call."""

        def asked() -> T:
            with grpc.insecure_channel(self.address) as channel:
                return call(channel)

        return await asyncio.get_running_loop().run_in_executor(self.caller, asked)


@pytest.fixture(scope="module")
async def counted() -> AsyncIterator[Counted]:
    with tempfile.TemporaryDirectory(prefix="cb-") as name, ThreadPoolExecutor(1) as caller:
        # Its thread begins now: those that begin below are counted.
        await asyncio.get_running_loop().run_in_executor(caller, int)
        folder = Path(name)
        with state_folder(folder / "state") as state, counting() as counts:
            async with listening(_settings(folder), state) as addresses:
                yield Counted(counts, addresses.grpc, caller)


def _settings(folder: Path) -> Settings:
    return load(
        None,
        {
            "server": {"listen": f"unix:{folder}/socket", "state_dir": str(folder / "state")},
            "sandbox": {"image": CORE},
            "sessions": {"end_on_shutdown": True},
            "pool": {"size": 0, "max_size": 0},
        },
    )
