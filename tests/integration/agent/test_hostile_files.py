"""Hostile data directory: the agent reads its plain files, and nothing else."""

import asyncio
import os
import resource
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest

from cellblock_server.agent.errors import AgentGoneError, FileChangedError
from cellblock_server.common.errors import CellblockError, NotFoundError, WrongStateError
from tests.support.agent import RunningAgent, changed_paths, chunks, running_agent

pytestmark = pytest.mark.slow

CANARY = b"this is not the sandbox's"


@contextmanager
def meanwhile(steps: Iterator[None]) -> Iterator[None]:
    """Repeat `steps` in another thread as fast as possible; raise its errors."""
    done = threading.Event()

    def work() -> None:
        while not done.is_set():
            next(steps)

    with ThreadPoolExecutor(1) as threads:
        working = threads.submit(work)
        try:
            yield
        finally:
            done.set()
        working.result()


def swapping(path: Path, target: Path, content: bytes) -> Iterator[None]:
    """Replace a file by a link, and the link by a file, in turn."""
    for number in count():
        new = path.with_name("next")
        if number % 2:
            new.symlink_to(target)
        else:
            new.write_bytes(content)
        new.rename(path)
        yield


def swapping_folder(path: Path, target: Path) -> Iterator[None]:
    """Replace a directory by a link, and the link by a directory, in turn."""
    real, link = path.with_name("real"), path.with_name("link")
    while True:
        # The agent may create a directory in between; then the next step continues.
        with suppress(OSError):
            link.symlink_to(target)
        with suppress(OSError):
            path.rename(real)
            link.rename(path)
        yield
        with suppress(OSError):
            path.rename(link)
            real.rename(path)
        yield


@pytest.fixture
def outside(agent: RunningAgent) -> Path:
    """Return a directory outside, into which no link may lead."""
    path = agent.folder.path / "outside"
    path.mkdir()
    (path / "canary").write_bytes(CANARY)
    return path


async def test_a_link_that_is_swapped_in_is_never_followed(
    agent: RunningAgent, outside: Path
) -> None:
    path = agent.data / "file"
    path.write_bytes(b"own")
    seen = set()
    with meanwhile(swapping(path, outside / "canary", b"own")):
        for _number in range(2000):
            with suppress(NotFoundError, WrongStateError):
                seen.add(await agent.read_file("file"))
    assert seen == {b"own"}


async def test_a_folder_that_is_swapped_for_a_link_is_never_followed(
    agent: RunningAgent, outside: Path
) -> None:
    folder = agent.data / "folder"
    folder.mkdir()
    (folder / "canary").write_bytes(b"own")
    seen = set()
    with meanwhile(swapping_folder(folder, outside)):
        for number in range(500):
            with suppress(NotFoundError, WrongStateError):
                seen.add(await agent.read_file("folder/canary"))
            with suppress(NotFoundError, WrongStateError):
                await agent.connection.write_file(f"folder/{number % 5}", chunks(b"x"))
            with suppress(NotFoundError, WrongStateError):
                await agent.connection.remove_file(f"folder/{number % 5}")
            with suppress(NotFoundError, WrongStateError):
                listing = await agent.connection.list_files(100, "folder")
                assert {entry.bytes for entry in listing.files} <= {1, 3}
    assert seen <= {b"own"}
    assert {path.name: path.read_bytes() for path in outside.iterdir()} == {"canary": CANARY}


async def test_removing_a_tree_that_is_swapped_for_links_follows_none(
    agent: RunningAgent, outside: Path
) -> None:
    tree = agent.data / "tree"

    def steps() -> Iterator[None]:
        while True:
            with suppress(OSError):
                (tree / "a").rename(tree / "c")
                (tree / "a").symlink_to(outside)
            yield

    for _number in range(100):
        (tree / "a" / "b").mkdir(parents=True)
        with meanwhile(steps()):
            await agent.connection.remove_file("tree", recursive=True)
        assert not tree.exists()
    assert (outside / "canary").read_bytes() == CANARY


async def test_a_fifo_and_a_device_do_not_block_readers(agent: RunningAgent) -> None:
    os.mkfifo(agent.data / "fifo")
    (agent.data / "zero").symlink_to("/dev/zero")
    async with asyncio.timeout(10):
        for name in ("fifo", "zero"):
            with pytest.raises(WrongStateError):
                await agent.read_file(name)
        shown = await agent.run("1")
        pieces = [piece async for piece in agent.connection.read_folder("")]
    assert {item.path for item in shown.end.changes.skipped} == {"fifo", "zero"}
    assert len(b"".join(pieces)) < 100


async def test_a_file_without_end_is_read_as_far_as_asked(agent: RunningAgent) -> None:
    """A sparse file claims a terabyte and uses nothing."""
    with (agent.data / "sparse").open("wb") as file:
        file.truncate(2**40)
    shown = await agent.run("1")
    assert shown.end.changes.changed[0].file.bytes == 2**40
    assert await agent.read_file("sparse", 2**40 - 3, 100) == bytes(3)
    assert await agent.read_file("sparse", 2**41, 100) == b""
    pieces = agent.connection.read_file("sparse")
    assert len(await anext(pieces)) == 2**20


async def test_a_file_that_grows_is_read_as_it_was(agent: RunningAgent) -> None:
    path = agent.data / "grows"
    path.write_bytes(bytes(3 * 2**20))

    def grow() -> Iterator[None]:
        with path.open("ab") as file:
            while True:
                file.write(bytes(2**16))
                file.flush()
                yield

    with meanwhile(grow()):
        size = path.stat().st_size
        async with asyncio.timeout(20):
            data = await agent.read_file("grows")
    assert size <= len(data) <= path.stat().st_size


@pytest.mark.parametrize("what", ["grows", "shrinks", "is written to"])
async def test_a_file_that_is_wanted_unchanged_and_changes(agent: RunningAgent, what: str) -> None:
    path = agent.data / "file"
    path.write_bytes(bytes(64 * 2**20))
    pieces = agent.connection.read_file("file", unchanged=True)
    await anext(pieces)
    with path.open("r+b") as file:
        match what:
            case "grows":
                file.seek(0, os.SEEK_END)
                file.write(b"more")
            case "shrinks":
                file.truncate(100)
            case _:
                file.write(b"other")
    with pytest.raises(FileChangedError) as raised:
        [piece async for piece in pieces]
    assert raised.value.reason == "FILE_CHANGED"
    again = [piece async for piece in agent.connection.read_file("file", unchanged=True)]
    assert b"".join(again) == path.read_bytes()


async def test_ranges_that_make_no_sense_are_refused(agent: RunningAgent) -> None:
    (agent.data / "file").write_bytes(b"123")
    for offset, length in ((-1, 0), (0, -1)):
        with pytest.raises(CellblockError, match="must be 0 or more"):
            await agent.read_file("file", offset, length)


@pytest.fixture
async def agent_in_memory() -> AsyncIterator[RunningAgent]:
    """Start an agent whose data directory is a tmpfs, as in a sandbox."""
    async with running_agent(base=Path("/dev/shm")) as agent:
        yield agent


@pytest.mark.slow
async def test_a_hundred_thousand_files_are_looked_at_within_bounds(
    agent_in_memory: RunningAgent,
) -> None:
    agent = agent_in_memory
    shown = await agent.run(
        "import os\n"
        "for folder in range(100):\n"
        "    os.mkdir(f'{folder}')\n"
        "    for number in range(1000):\n"
        "        os.close(os.open(f'{folder}/{number}', os.O_CREAT))",
        timeout=40,
    )
    began = time.monotonic()
    reasons = {item.reason for item in shown.end.changes.skipped}
    assert reasons == {
        "more than 20000 entries or 5 s: the scan is incomplete",
        "more than 1000 files changed",
    }
    assert len(shown.changed) == 1000
    shown = await agent.run("import shutil; shutil.rmtree('99')")
    assert list(shown.end.changes.deleted) == []
    assert len(shown.end.changes.skipped) == 1
    count, after, more = 0, "", True
    while more:
        page = await agent.connection.list_files(10_000, after=after)
        count, after, more = count + len(page.files), page.files[-1].path, page.more
    assert count == 99 * 1001
    await agent.connection.remove_file("0", recursive=True)
    assert time.monotonic() - began < 30


async def test_names_that_differ_in_case_are_two_files(agent: RunningAgent) -> None:
    shown = await agent.run("for name in ('A', 'a'): open(name, 'w').write(name)")
    assert shown.changed == ["A", "a"]
    assert [await agent.read_file(name) for name in "Aa"] == [b"A", b"a"]


@pytest.mark.parametrize("name", ["new\nline", "\u202egnp.exe", "x" * 255, "文" * 85, " "])
async def test_any_name_can_be_read_and_removed(agent: RunningAgent, name: str) -> None:
    await agent.run(f"open({name!r}, 'w').write('1')")
    assert [entry.path for entry in (await agent.connection.list_files(10)).files] == [name]
    assert await agent.read_file(name) == b"1"
    await agent.connection.remove_file(name)


async def test_a_name_that_is_too_long_is_refused(agent: RunningAgent) -> None:
    with pytest.raises(WrongStateError, match="name too long"):
        await agent.connection.write_file("x" * 256, chunks(b"1"))
    assert list(agent.data.iterdir()) == []


async def test_a_file_over_the_size_limit_is_refused_and_leaves_nothing(
    agent: RunningAgent,
) -> None:
    limit = 2**20
    resource.prlimit(agent.process.pid, resource.RLIMIT_FSIZE, (limit, limit))
    with pytest.raises(WrongStateError, match="the maximum size of files in /mnt/data") as raised:
        await agent.connection.write_file("large", chunks(bytes(limit), b"1"))
    assert raised.value.reason == "SANDBOX_FULL"
    assert list(agent.data.iterdir()) == []


async def test_a_lease_of_hostile_code_does_not_block_readers(agent: RunningAgent) -> None:
    """Opening a file that has a write lease blocks, unless it is opened with O_NONBLOCK."""
    await agent.run("open('mine', 'w').write('1')")
    async with asyncio.timeout(10):
        shown = await agent.run(
            "import fcntl, signal; signal.signal(signal.SIGIO, signal.SIG_IGN)\n"
            "file = open('mine', 'r+'); fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)\n"
            "open('other', 'w').write('1')"
        )
        assert shown.outcome == "RAN"
        with pytest.raises((WrongStateError, AgentGoneError)):
            await agent.read_file("mine")


async def test_looks_and_writers_do_not_end_the_agent(agent: RunningAgent) -> None:
    """Each scan takes leases; a process that opens the file makes the kernel signal the agent."""

    def touch() -> Iterator[None]:
        for number in count():
            with (agent.data / f"{number % 3}").open("a") as file:
                file.write("x")
            yield

    with meanwhile(touch()):
        for _number in range(20):
            assert (await agent.run("1")).outcome == "RAN"
    (agent.data / "last").write_text("1")
    async with asyncio.timeout(20):
        assert "last" in (await agent.run("1")).changed or "last" in changed_paths(
            await agent.next_changes()
        )
