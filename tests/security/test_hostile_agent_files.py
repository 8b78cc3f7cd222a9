"""A sandbox that lies about its files to callers and to the server."""

import asyncio
import io
from collections.abc import Awaitable, Callable

import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_client.aio import AsyncSession
from cellblock_client.errors import Error
from cellblock_client.events import GeneratedFile
from tests.support.forged import Script, finished, started
from tests.support.hostile_ground import HostileGround
from tests.support.lies import answers, endless, leaves, never, says
from tests.support.memory import forget_peak, peak, resident

MIB = 2**20
FLAT_MIB = 100
"""A file's bytes go through the server; it must not keep them."""


def listed(*files: pb.FileEntry, more: bool = False) -> Message:
    return pb.ListFilesResponse(files=files, more=more)


async def lists(session: AsyncSession) -> object:
    return await session.files.list()


async def reads(session: AsyncSession) -> object:
    return await session.files.read("x", length=10)


async def reads_folder(session: AsyncSession) -> None:
    await session.files.download_folder("", io.BytesIO())


async def writes(session: AsyncSession) -> object:
    return await session.files.write("x", b"x")


async def stats(session: AsyncSession) -> object:
    return await session.files.stat("x")


async def moves(session: AsyncSession) -> object:
    return await session.files.rename("x", "y")


async def sets_mode(session: AsyncSession) -> object:
    return await session.files.chmod("x", 0o600)


async def makes_folder(session: AsyncSession) -> object:
    return await session.files.create_folder("x")


PIECE = pb.ReadFileResponse(data=bytes(MIB))
LIES: dict[str, tuple[str, Callable[[AsyncSession], Awaitable[object]], Message | bytes]] = {
    "a path that leads out": ("ListFiles", lists, listed(pb.FileEntry(path="../../etc/passwd"))),
    "an absolute path": ("ListFiles", lists, listed(pb.FileEntry(path="/etc/passwd"))),
    "a path with NUL": ("ListFiles", lists, listed(pb.FileEntry(path="a\0b"))),
    "a path without an end": ("ListFiles", lists, listed(pb.FileEntry(path="x" * MIB))),
    "a size below zero": ("ListFiles", lists, listed(pb.FileEntry(path="x", bytes=-1))),
    "a time that is none": (
        "ListFiles",
        lists,
        listed(pb.FileEntry(path="x", modify_time=Timestamp(seconds=2**60))),
    ),
    "pages without an end": (
        "ListFiles",
        lists,
        listed(pb.FileEntry(path="x"), more=True),
    ),
    "more files than were asked for": (
        "ListFiles",
        lists,
        listed(*(pb.FileEntry(path=f"{number:06}") for number in range(1001))),
    ),
    "a million files": ("ListFiles", lists, b"\x0a\x00" * 10**6),
    "more bytes than were asked for": ("ReadFile", reads, PIECE),
    "bytes in pieces of none": ("ReadFolder", reads_folder, pb.ReadFolderResponse()),
    "another file than was written": (
        "WriteFile",
        writes,
        pb.WriteFileResponse(file=pb.FileEntry(path="../y")),
    ),
    "another file than was described": (
        "StatFile",
        stats,
        pb.StatFileResponse(file=pb.FileEntry(path="y")),
    ),
    "a file with more than permissions": (
        "StatFile",
        stats,
        pb.StatFileResponse(file=pb.FileEntry(path="x", mode=0o100644)),
    ),
    "a folder that is a link": (
        "StatFile",
        stats,
        pb.StatFileResponse(file=pb.FileEntry(path="x", is_folder=True, is_link=True)),
    ),
    "a target without an end": (
        "StatFile",
        stats,
        pb.StatFileResponse(file=pb.FileEntry(path="x", is_link=True, link_target="x" * 10**4)),
    ),
    "another file than was moved": (
        "MoveFile",
        moves,
        pb.MoveFileResponse(file=pb.FileEntry(path="x")),
    ),
    "another file than was changed": (
        "SetFileMode",
        sets_mode,
        pb.SetFileModeResponse(file=pb.FileEntry(path="../x")),
    ),
    "another folder than was made": (
        "MakeFolder",
        makes_folder,
        pb.MakeFolderResponse(folder=pb.FileEntry(path="y")),
    ),
}


@pytest.mark.parametrize(("call", "use", "answer"), LIES.values(), ids=LIES)
async def test_a_lie_to_a_caller_ends_the_session(
    ground: HostileGround,
    call: str,
    use: Callable[[AsyncSession], Awaitable[object]],
    answer: Message | bytes,
) -> None:
    lie = endless(answer) if call in ("ReadFile", "ReadFolder") else answers(answer)
    session = await ground.session(Script(lies={call: lie}))
    try:
        with pytest.raises(Error):
            await use(session)
        await ended(session)
        assert session.info.end_reason == "PROTOCOL_VIOLATION"
        await ground.check_neighbour()
    finally:
        await session.delete()
        await ground.forged.forget()
    ground.check_log()
    ground.check_folder()


async def ended(session: AsyncSession) -> None:
    async with asyncio.timeout(10):
        while (await session.refresh()).state.name != "FAILED":  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


async def test_a_file_that_never_comes_is_not_waited_for(ground: HostileGround) -> None:
    for call, use in (("ReadFile", reads), ("WriteFile", writes)):
        session = await ground.session(Script(lies={call: never}))
        with pytest.raises(Error):
            await use(session)
        await session.delete()
    await ground.forged.forget()
    ground.check_folder()


async def test_a_file_has_the_received_size(ground: HostileGround) -> None:
    small = answers(pb.ReadFileResponse(data=b"abc"))
    outcome = await ground.play(leaves(pb.FileEntry(path="x", bytes=2**40), ReadFile=small))
    (event,) = (event for event in outcome.events if isinstance(event, GeneratedFile))
    assert "past 536870912 bytes" in event.skipped_reason
    outcome = await ground.play(leaves(pb.FileEntry(path="x", bytes=1), ReadFile=small))
    (event,) = (event for event in outcome.events if isinstance(event, GeneratedFile))
    assert event.file is not None
    assert event.file.bytes == 3
    assert await ground.client.files.read(event.file.id) == b"abc"


async def test_an_endless_file_is_cut_off_and_not_kept_in_memory(ground: HostileGround) -> None:
    before = resident(ground.server.pid)
    forget_peak(ground.server.pid)
    outcome = await ground.play(leaves(pb.FileEntry(path="x", bytes=1), ReadFile=endless(PIECE)))
    (event,) = (event for event in outcome.events if isinstance(event, GeneratedFile))
    assert "past 536870912 bytes" in event.skipped_reason
    assert peak(ground.server.pid) - before < FLAT_MIB


async def test_an_endless_file_in_tiny_pieces(ground: HostileGround) -> None:
    tiny = endless(pb.ReadFileResponse(data=b"x"))
    outcome = await ground.play(leaves(pb.FileEntry(path="x", bytes=1), ReadFile=tiny))
    assert "bytes in 65 pieces" in outcome.session.end_message


async def test_more_files_than_are_stored_are_not_asked_for(ground: HostileGround) -> None:
    outcome = await ground.play(leaves(*[pb.FileEntry(path="x")] * 1000, ReadFile=answers()))
    files = [event for event in outcome.events if isinstance(event, GeneratedFile)]
    assert len(files) == 101
    assert "900 files more than 100" in files[-1].skipped_reason


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "a\0b", "./x", "a//b", ""])
async def test_a_path_that_leads_out_is_never_used(ground: HostileGround, path: str) -> None:
    read = answers(pb.ReadFileResponse(data=b"forged"))
    outcome = await ground.play(leaves(pb.FileEntry(path=path, bytes=6), ReadFile=read))
    assert outcome.session.end_reason == "PROTOCOL_VIOLATION"
    assert not [event for event in outcome.events if isinstance(event, GeneratedFile)]


async def test_kept_output_is_no_longer_than_its_stated_size(ground: HostileGround) -> None:
    end = finished(kept_output_bytes=1)
    outcome = await ground.play(
        says(started(), end, ReadOutput=endless(pb.ReadOutputResponse(data=bytes(MIB))))
    )
    assert "output that it said it kept" in outcome.session.end_message
