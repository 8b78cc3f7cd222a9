"""Directories: created, listed in pages, removed, sent as archives."""

import io
import os
import zipfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import cast

import pytest

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_server.common.errors import (
    AlreadyExistsError,
    InvalidArgumentError,
    NotFoundError,
    WrongStateError,
)
from tests.support.agent import RunningAgent, chunks
from tests.support.waiting import eventually


async def list_all(agent: RunningAgent, page: int, folder: str = "") -> list[str]:
    """Return all paths, page by page; a directory's ends with a slash."""
    found: list[pb.FileEntry] = []
    more = True
    while more:
        after = found[-1].path if found else ""
        response = await agent.connection.list_files(page, folder, after)
        assert not response.incomplete
        found += response.files
        more = response.more
    return [entry.path + "/" * entry.is_folder for entry in found]


async def archive(agent: RunningAgent, path: str = "") -> zipfile.ZipFile:
    pieces = [piece async for piece in agent.connection.read_folder(path)]
    assert all(len(piece) <= 2**20 for piece in pieces)
    file = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    assert file.testzip() is None
    return file


async def test_folders_are_made_with_those_above(agent: RunningAgent) -> None:
    for _again in range(2):
        entry = await agent.connection.make_folder("a/b/c")
        assert (entry.path, entry.is_folder, entry.bytes) == ("a/b/c", True, 0)
    assert (agent.data / "a" / "b" / "c").is_dir()


async def test_a_folder_does_not_take_a_files_place(agent: RunningAgent) -> None:
    await agent.connection.write_file("a", chunks(b"x"))
    with pytest.raises(AlreadyExistsError):
        await agent.connection.make_folder("a")
    with pytest.raises(WrongStateError, match="a is not a folder"):
        await agent.connection.make_folder("a/b")


@pytest.mark.parametrize("path", ["", "..", "a/../b", "/a", "/".join("x" * 17)])
async def test_folders_elsewhere_are_refused(agent: RunningAgent, path: str) -> None:
    with pytest.raises(InvalidArgumentError):
        await agent.connection.make_folder(path)
    with pytest.raises(InvalidArgumentError):
        await agent.connection.list_files(10, path or "..")


@pytest.mark.parametrize("page", [1, 2, 5, 100])
async def test_pages_come_sorted_by_parts(agent: RunningAgent, page: int) -> None:
    listed = ["a/", "a/a", "a/z/", "a/z/x", "a b", "a-", "a0", "b/", "b/c", "Ä", "文"]
    for path in listed:
        if path.endswith("/"):
            (agent.data / path).mkdir()
        else:
            (agent.data / path).write_text("1")
    assert await list_all(agent, page) == listed
    assert await list_all(agent, page, "a") == ["a/a", "a/z/", "a/z/x"]
    assert await list_all(agent, page, "a/z") == ["a/z/x"]


async def test_a_page_begins_after_what_is_gone(agent: RunningAgent) -> None:
    for name in "abc":
        (agent.data / name).write_text("1")
    response = await agent.connection.list_files(10, after="a/was/there")
    assert [entry.path for entry in response.files] == ["b", "c"]


async def test_a_folder_that_is_not_there(agent: RunningAgent) -> None:
    await agent.connection.write_file("file", chunks(b"x"))
    with pytest.raises(NotFoundError):
        await agent.connection.list_files(10, "nothing")
    with pytest.raises(WrongStateError, match="file is not a folder"):
        await agent.connection.list_files(10, "file")
    with pytest.raises(NotFoundError):
        await archive(agent, "nothing")
    with pytest.raises(WrongStateError, match="file is not a folder"):
        await archive(agent, "file")


async def test_a_list_says_that_there_is_more_than_anybody_looks_at(agent: RunningAgent) -> None:
    (agent.data / "/".join("x" * 20)).mkdir(parents=True)
    response = await agent.connection.list_files(100)
    assert (len(response.files), response.more, response.incomplete) == (17, False, True)


async def test_a_folder_is_removed_if_empty_or_if_all_is_meant(agent: RunningAgent) -> None:
    await agent.connection.write_file("d/e/a", chunks(b"x"))
    await agent.connection.make_folder("empty")
    await agent.connection.remove_file("empty")
    with pytest.raises(WrongStateError, match="d is a folder that is not empty"):
        await agent.connection.remove_file("d")
    await agent.connection.remove_file("d", recursive=True)
    assert list(agent.data.iterdir()) == []
    with pytest.raises(NotFoundError):
        await agent.connection.remove_file("d", recursive=True)


async def test_removing_all_removes_links_not_what_they_lead_to(agent: RunningAgent) -> None:
    home = agent.folder.path / "home"
    (home / "kept").write_text("1")
    (agent.data / "d").mkdir()
    (agent.data / "d" / "folder").symlink_to(home)
    (agent.data / "link").symlink_to(home)
    for path in ("d", "link"):
        await agent.connection.remove_file(path, recursive=True)
    assert list(agent.data.iterdir()) == []
    assert (home / "kept").read_text() == "1"


@pytest.mark.slow
async def test_a_folder_thousands_deep_is_removed(agent: RunningAgent) -> None:
    await agent.run(
        "import os\n"
        "for level in range(5000):\n"
        "    open('a', 'w').close(); os.mkdir('d'); os.chdir('d')",
    )
    await agent.connection.remove_file("d", recursive=True)
    assert [path.name for path in agent.data.iterdir()] == ["a"]


async def test_a_folder_comes_as_an_archive(agent: RunningAgent) -> None:
    (agent.folder.inputs / "file-1").write_bytes(b"attached")
    await agent.connection.make_folder("d")
    await agent.connection.link_input("file-1", "d/in.bin", "")
    await agent.connection.write_file("d/文.txt", chunks(b"text" * 10_000))
    await agent.connection.make_folder("d/empty")
    os.mkfifo(agent.data / "d" / "fifo")
    (agent.data / "d" / "link").symlink_to("/etc/passwd")
    (agent.data / "d" / "bad\udcff").write_text("1")
    os.utime(agent.data / "d" / "文.txt", (-(10**9), -(10**9)))
    file = await archive(agent, "d")
    assert file.namelist() == ["empty/", "in.bin", "文.txt"]
    assert file.read("in.bin") == b"attached"
    assert file.read("文.txt") == b"text" * 10_000
    assert file.getinfo("文.txt").date_time[0] == 1980
    assert (await archive(agent)).namelist() == ["d/", "d/empty/", "d/in.bin", "d/文.txt"]


async def test_an_archive_is_read_by_other_programs(agent: RunningAgent, tmp_path: Path) -> None:
    await agent.connection.write_file("a/large", chunks(*[os.urandom(2**20)] * 5))
    (await archive(agent)).extractall(tmp_path)
    assert (tmp_path / "a" / "large").stat().st_size == 5 * 2**20


async def test_a_folder_with_too_much_in_it_is_no_archive(agent: RunningAgent) -> None:
    (agent.data / "many").mkdir()
    for number in range(20_001):
        (agent.data / "many" / f"{number}").touch()
    with pytest.raises(WrongStateError, match="more than 20000 entries"):
        await archive(agent, "many")


async def test_an_archive_has_what_is_left_of_what_changes_meanwhile(
    agent: RunningAgent,
) -> None:
    for name in "abc":
        await agent.connection.write_file(name, chunks(os.urandom(2**21)))
    pieces = agent.connection.read_folder("")
    first = await anext(pieces)
    with (agent.data / "a").open("ab") as file:
        file.write(b"more")
    (agent.data / "b").write_bytes(b"less")
    (agent.data / "c").unlink()
    rest = [piece async for piece in pieces]
    file_ = zipfile.ZipFile(io.BytesIO(b"".join([first, *rest])))
    assert file_.testzip() is None
    assert file_.namelist()[0] == "a"


async def test_who_leaves_an_archive_keeps_nothing_open(agent: RunningAgent) -> None:
    await agent.connection.write_file("a", chunks(*[os.urandom(2**20)] * 20))
    opened = Path(f"/proc/{agent.process.pid}/fd")
    pieces = cast("AsyncGenerator[bytes, None]", agent.connection.read_folder(""))
    await anext(pieces)
    await pieces.aclose()
    path = str(agent.data / "a")
    await eventually(lambda: all(_target(link) != path for link in opened.iterdir()))
    assert (await agent.run("1")).result == "1"


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except FileNotFoundError:
        return ""
