"""Files below the data directory, accessed without following links that user code created."""

import asyncio
import os
from collections.abc import AsyncIterator

import pytest

from cellblock_server.common.errors import (
    AlreadyExistsError,
    InvalidArgumentError,
    NotFoundError,
    WrongStateError,
)
from tests.support.agent import RunningAgent, chunks
from tests.support.waiting import eventually


async def test_write_and_read(agent: RunningAgent) -> None:
    entry = await agent.connection.write_file("a/b.txt", chunks(b"hello ", b"world"))
    assert (entry.path, entry.bytes) == ("a/b.txt", 11)
    assert await agent.read_file("a/b.txt") == b"hello world"
    assert await agent.read_file("a/b.txt", offset=6, length=3) == b"wor"


async def test_code_sees_a_file_under_both_names(agent: RunningAgent) -> None:
    await agent.connection.write_file("data.csv", chunks(b"1"), exclusive=True, alias="file-1")
    shown = await agent.run("open('data.csv').read() + open('file-1').read()")
    assert shown.result == "'11'"
    assert shown.changed == []


async def test_a_taken_name_is_refused_and_left_alone(agent: RunningAgent) -> None:
    await agent.connection.write_file("a", chunks(b"first"))
    with pytest.raises(AlreadyExistsError):
        await agent.connection.write_file("a", chunks(b"second"), exclusive=True)
    assert await agent.read_file("a") == b"first"
    assert sorted(path.name for path in agent.data.iterdir()) == ["a"]


async def test_a_refusal_reaches_a_caller_that_still_sends(agent: RunningAgent) -> None:
    await agent.connection.write_file("a", chunks(b"first"))
    for _number in range(20):
        with pytest.raises(AlreadyExistsError):
            await agent.connection.write_file("a", chunks(*[bytes(2**20)] * 8), exclusive=True)


async def test_inputs_are_linked_and_readable(agent: RunningAgent) -> None:
    (agent.folder.inputs / "file-9").write_bytes(b"big")
    await agent.connection.link_input("file-9", "big.bin", "file-9")
    assert (await agent.run("open('big.bin').read()")).result == "'big'"
    assert await agent.read_file("big.bin") == b"big"
    listing = await agent.connection.list_files(10)
    files = [entry for entry in listing.files if not entry.is_link]
    assert [(entry.path, entry.bytes) for entry in files] == [("big.bin", 3)]


async def test_a_file_that_takes_the_place_of_a_folder_is_refused(agent: RunningAgent) -> None:
    await agent.connection.make_folder("d")
    with pytest.raises(AlreadyExistsError):
        await agent.connection.write_file("d", chunks(b"x"))
    await agent.connection.write_file("f", chunks(b"x"))
    with pytest.raises(WrongStateError, match="is not a folder"):
        await agent.connection.write_file("f/x", chunks(b"x"))


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/passwd", "", "a//b", "a/./b", "a\0b"])
async def test_paths_that_lead_elsewhere_are_refused(agent: RunningAgent, path: str) -> None:
    with pytest.raises(InvalidArgumentError):
        await agent.read_file(path)
    with pytest.raises(InvalidArgumentError):
        await agent.connection.write_file(path, chunks(b"x"))


async def test_links_are_not_followed(agent: RunningAgent) -> None:
    await agent.run(
        "import os\n"
        "os.symlink('/etc/passwd', 'link')\n"
        "os.symlink('/etc', 'folder')\n"
        "os.symlink('/proc/self/environ', 'secrets')"
    )
    for path in ("link", "folder/passwd", "secrets"):
        with pytest.raises(WrongStateError):
            await agent.read_file(path)
    with pytest.raises(WrongStateError):
        await agent.connection.write_file("folder/x", chunks(b"x"))


async def test_a_link_is_replaced_by_a_write_not_followed(agent: RunningAgent) -> None:
    target = agent.folder.path / "home" / "target"
    target.write_text("untouched")
    (agent.data / "link").symlink_to(target)
    await agent.connection.write_file("link", chunks(b"new"))
    assert target.read_text() == "untouched"
    assert await agent.read_file("link") == b"new"


async def test_an_entry_that_is_not_a_plain_file_is_refused_immediately(
    agent: RunningAgent,
) -> None:
    os.mkfifo(agent.data / "fifo")
    (agent.data / "folder").mkdir()
    for path in ("fifo", "folder"):
        with pytest.raises(WrongStateError):
            await agent.read_file(path)


async def test_absent_files_are_not_found(agent: RunningAgent) -> None:
    with pytest.raises(NotFoundError):
        await agent.read_file("nothing")
    with pytest.raises(NotFoundError):
        await agent.connection.remove_file("nothing")


async def test_remove(agent: RunningAgent) -> None:
    await agent.connection.write_file("a", chunks(b"x"))
    await agent.connection.remove_file("a")
    assert (await agent.connection.list_files(10)).files == []


async def test_new_and_changed_files_are_reported_once(agent: RunningAgent) -> None:
    assert (await agent.run("open('a', 'w').write('1')")).changed == ["a"]
    assert (await agent.run("1")).changed == []
    assert (await agent.run("open('a', 'a').write('2')")).changed == ["a"]


async def test_a_write_that_breaks_off_leaves_nothing(agent: RunningAgent) -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def stuck() -> AsyncIterator[bytes]:
        yield b"half"
        begun.set()
        await never.wait()

    write = asyncio.create_task(agent.connection.write_file("half", stuck()))
    await begun.wait()
    write.cancel()
    await asyncio.wait({write})
    await eventually(lambda: not list(agent.data.iterdir()))


async def test_odd_things_are_named_and_skipped(agent: RunningAgent) -> None:
    shown = await agent.run(
        "import os, socket\n"
        "os.mkfifo('fifo'); os.symlink('/etc/passwd', 'link')\n"
        "open(b'bad\\xff', 'w').close()"
    )
    skipped = {item.path: item.reason for item in shown.end.changes.skipped}
    assert shown.changed == []
    assert skipped["fifo"] == "is a FIFO"
    assert skipped["link"] == "is a link"
    assert skipped["bad\\udcff"] == "has a name that is not UTF-8"
