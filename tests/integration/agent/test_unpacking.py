"""Archives: unpacked completely or not at all, within limits, whatever they contain."""

import asyncio
import bz2
import gzip
import io
import lzma
import os
import resource
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

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

pytestmark = pytest.mark.slow

FILES = {"a.txt": b"a" * 100, "deep/er/b.bin": os.urandom(5000), "文.txt": b"", "deep/c": b"c"}


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return sink.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w") -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            add(archive, name, data)
    return sink.getvalue()


def add(archive: tarfile.TarFile, name: str, data: bytes = b"", **fields: object) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    archive.addfile(info, io.BytesIO(data))


async def unpack(
    agent: RunningAgent,
    data: bytes,
    path: str = "out",
    *,
    max_bytes: int = 2**24,
    max_entries: int = 1000,
    max_ratio: int = 1000,
) -> pb.UnpackInputResponse:
    (agent.folder.inputs / "file-1").write_bytes(data)
    return await agent.connection.unpack_input(
        "file-1", path, max_bytes=max_bytes, max_entries=max_entries, max_ratio=max_ratio
    )


async def refused(agent: RunningAgent, data: bytes, words: str, **bounds: int) -> None:
    """Check that an archive is refused with these words, and leaves nothing behind."""
    with pytest.raises(WrongStateError, match=words) as raised:
        await unpack(agent, data, "out", **bounds)
    assert raised.value.reason == "SANDBOX_REFUSED"
    assert list(agent.data.iterdir()) == []


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


KINDS: dict[str, Callable[[], bytes]] = {
    "zip": lambda: zipped(FILES),
    "stored zip": lambda: zipped(FILES, zipfile.ZIP_STORED),
    "bzip2 zip": lambda: zipped(FILES, zipfile.ZIP_BZIP2),
    "lzma zip": lambda: zipped(FILES, zipfile.ZIP_LZMA),
    "zip after something else": lambda: b"#!/bin/sh\n" + zipped(FILES),
    "tar": lambda: tarred(FILES),
    "tar.gz": lambda: tarred(FILES, "w:gz"),
    "tar.bz2": lambda: tarred(FILES, "w:bz2"),
    "tar.xz": lambda: tarred(FILES, "w:xz"),
    "tar of .": lambda: tarred({f"./{name}": data for name, data in FILES.items()}),
    "tar with a zip in it": lambda: tarred(FILES | {"PK.zip": zipped({})}),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_it_is_unpacked_and_not_reported(agent: RunningAgent, kind: str) -> None:
    response = await unpack(agent, KINDS[kind](), "in/side")
    files = tree(agent.data / "in" / "side")
    files.pop("PK.zip", None)
    assert files == FILES
    assert response.files - ("with a zip" in kind) == len(FILES)
    assert not response.skipped
    shown = await agent.run("import os; os.rename('in/side/a.txt', 'mine')")
    assert [(item.file.path, item.renamed_from) for item in shown.end.changes.changed] == [
        ("mine", "in/side/a.txt")
    ]


async def test_an_empty_archive_is_an_empty_folder(agent: RunningAgent) -> None:
    for number, data in enumerate((zipped({}), tarred({}))):
        response = await unpack(agent, data, f"{number}")
        assert (response.files, response.bytes) == (0, 0)
        assert (agent.data / f"{number}").is_dir()


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("../up", "has a part that is empty, `.` or `..`"),
        ("a/../../up", "has a part that is empty, `.` or `..`"),
        ("a/..", "has a part that is empty, `.` or `..`"),
        ("a//b", "has a part that is empty, `.` or `..`"),
        ("/etc/passwd", "is an absolute path"),
        ("..\\up", "has a backslash"),
        ("C:/up", "begins with a drive letter"),
        ("/".join("x" * 17), "is more than 15 folders deep"),
    ],
)
@pytest.mark.parametrize("kind", ["zip", "tar"])
async def test_a_name_that_leads_elsewhere_refuses_all(
    agent: RunningAgent, kind: str, name: str, rule: str
) -> None:
    files = {"good": b"1", name: b"2"}
    if kind == "zip":
        plain = {"good": b"1", name.replace("\\", "|"): b"2"}
        data = zipped(plain).replace(b"..|up", b"..\\up")
        if "\\" in name:  # a separator there, as programs of Windows write it
            rule = "has a part that is empty, `.` or `..`"
    else:
        data = tarred(files)
    await refused(agent, data, rule.replace(".", "[.]"))
    assert not (agent.folder.path / "up").exists()


async def test_what_no_file_is_called_is_left_out(agent: RunningAgent) -> None:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name in ("good", "x" * 256, "new\nline"):
            add(archive, name, b"1")
    response = await unpack(agent, sink.getvalue())
    assert tree(agent.data / "out") == {"good": b"1"}
    assert [item.reason for item in response.skipped] == [
        "has a name of more than 255 bytes",
        "has a name with control characters",
    ]


async def test_links_and_devices_are_left_out(agent: RunningAgent) -> None:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        add(archive, "link", type=tarfile.SYMTYPE, linkname="/etc")
        add(archive, "link/passwd", b"through the link")
        add(archive, "hard", type=tarfile.LNKTYPE, linkname="/etc/passwd")
        add(archive, "fifo", type=tarfile.FIFOTYPE)
        add(archive, "device", type=tarfile.CHRTYPE)
    response = await unpack(agent, sink.getvalue())
    assert tree(agent.data / "out") == {"link/passwd": b"through the link"}
    assert {item.path: item.reason for item in response.skipped} == {
        "link": "is a link",
        "hard": "is a link",
        "fifo": "is a FIFO",
        "device": "is a device",
    }


async def test_links_in_a_zip_are_left_out(agent: RunningAgent) -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.create_system = 3
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    response = await unpack(agent, sink.getvalue())
    assert [(item.path, item.reason) for item in response.skipped] == [("link", "is a link")]
    assert tree(agent.data / "out") == {}


@pytest.mark.filterwarnings("ignore:Duplicate name")
async def test_of_two_with_one_name_the_later_one_is_kept(agent: RunningAgent) -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("a", "first, and longer")
        archive.writestr("a", "second")
    response = await unpack(agent, sink.getvalue())
    assert tree(agent.data / "out") == {"a": b"second"}
    assert (response.files, response.bytes) == (1, 6)


@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a")])
async def test_a_file_that_is_a_folder_too_refuses_all(
    agent: RunningAgent, names: tuple[str, str]
) -> None:
    await refused(
        agent, zipped(dict.fromkeys(names, b"1")), "file-1 has 'a' both as a file and as a folder"
    )


async def test_bytes_are_bounded_by_what_is_written(agent: RunningAgent) -> None:
    data = zipped({"a": b"x" * 10_000})
    # The archive claims to have ten bytes.
    data = data.replace(struct.pack("<I", 10_000), struct.pack("<I", 10))
    await refused(agent, data, "is more than 5000 bytes when unpacked|is damaged", max_bytes=5000)
    await refused(agent, tarred({"a": b"x" * 10_000}), "is more than 5000 bytes", max_bytes=5000)


async def test_entries_are_bounded_with_the_folders_that_they_imply(
    agent: RunningAgent,
) -> None:
    files = {"a/b/c/d": b"", "e": b""}
    assert (await unpack(agent, zipped(files), max_entries=5)).files == 2
    await agent.connection.remove_file("out", recursive=True)
    await refused(agent, zipped(files), "more than 4 files and folders", max_entries=4)


async def test_a_bomb_is_refused_by_its_ratio(agent: RunningAgent) -> None:
    bomb = zipped({"zeros": bytes(2**23)})
    await refused(agent, bomb, "is more than 100 times as large when unpacked", max_ratio=100)
    await refused(
        agent, gzip.compress(tarred({"zeros": bytes(2**23)})), "times as large", max_ratio=100
    )
    # A small archive is no bomb.
    assert (await unpack(agent, zipped({"a": bytes(2**19)}), max_ratio=1)).files == 1


async def test_members_that_overlap_are_counted_each_time(agent: RunningAgent) -> None:
    """A "better ZIP bomb": many names, one content."""
    data = zipped({"a": bytes(2**16)})
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    names = data[start:end] * 200
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 200, 200, len(names), start, 0)
    bomb = data[:start] + names + tail
    # Newer versions of Python detect it themselves.
    await refused(agent, bomb, r"is more than 1048576 bytes|Overlapped", max_bytes=2**20)


async def test_an_encrypted_archive_is_refused(agent: RunningAgent) -> None:
    data = bytearray(zipped({"secret": b"1"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    await refused(agent, bytes(data), "file-1 is encrypted: 'secret'")


@pytest.mark.parametrize(
    "data",
    [b"", b"just text", os.urandom(10_000), gzip.compress(b"text"), lzma.compress(b"text")],
    ids=["nothing", "text", "noise", "gzip of text", "xz of text"],
)
async def test_what_is_no_archive_is_refused(agent: RunningAgent, data: bytes) -> None:
    await refused(agent, data, "file-1 is neither a ZIP nor a tar archive")


BIG = {"a": os.urandom(10_000), "b": os.urandom(10_000)}


@pytest.mark.parametrize(
    "data",
    [
        zipped(BIG)[:-10],
        zipped(BIG)[:15_000],
        zipped(BIG).replace(BIG["b"][:50], bytes(50)),
        tarred(BIG)[:15_000],
        tarred(BIG)[: 512 + 10_240 + 100],
        tarred(BIG).replace(b"b\0\0\0\0\0", b"c\0\0\0\0\0"),
        tarred(BIG, "w:gz")[:15_000],
        bz2.compress(tarred({"a": os.urandom(2**21)}))[: 2**20],
        lzma.compress(tarred(BIG))[:15_000],
    ],
    ids=[
        "zip without its end",
        "half a zip",
        "zip with other bytes",
        "half a tar",
        "half a tar header",
        "tar with another name",
        "half a tar.gz",
        "half a tar.bz2",
        "half a tar.xz",
    ],
)
async def test_a_damaged_archive_is_refused(agent: RunningAgent, data: bytes) -> None:
    await refused(agent, data, "is damaged: ")


def pax_bomb() -> bytes:
    """Return an archive whose header claims to have a gigabyte, and has it."""
    header = bytearray(tarfile.TarInfo("x").tobuf(tarfile.USTAR_FORMAT))
    header[124:136] = b"%011o\0" % 2**30
    header[156:157] = tarfile.XHDTYPE
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    sink = io.BytesIO()
    with gzip.GzipFile(fileobj=sink, mode="wb", compresslevel=1) as file:
        file.write(bytes(header))
        for _piece in range(2**10):
            file.write(bytes(2**20))
    return sink.getvalue()


async def test_a_header_of_a_gigabyte_does_not_hurt_the_agent(agent: RunningAgent) -> None:
    await refused(agent, pax_bomb(), "takes too much memory to unpack")
    assert (await agent.run("1")).result == "1"


async def test_a_dictionary_of_a_gigabyte_does_not_hurt_the_agent(agent: RunningAgent) -> None:
    data = bytearray(lzma.compress(tarred(FILES), lzma.FORMAT_ALONE))
    data[1:5] = struct.pack("<I", 2**31)
    with pytest.raises(WrongStateError, match=r"memory|neither"):
        await unpack(agent, bytes(data))
    assert list(agent.data.iterdir()) == []


async def test_a_name_that_is_taken_is_left_alone(agent: RunningAgent) -> None:
    await agent.connection.write_file("out", chunks(b"mine"))
    with pytest.raises(AlreadyExistsError):
        await unpack(agent, zipped(FILES))
    assert tree(agent.data) == {"out": b"mine"}


async def test_a_name_that_is_taken_meanwhile_is_left_alone(agent: RunningAgent) -> None:
    unpacking = asyncio.create_task(unpack(agent, tarred({"a": os.urandom(2**23)})))
    await eventually(lambda: any(agent.data.iterdir()))
    (agent.data / "out").mkdir()
    (agent.data / "out" / "mine").write_text("1")
    with pytest.raises(AlreadyExistsError):
        await unpacking
    assert tree(agent.data) == {"out/mine": b"1"}


async def test_what_it_can_not_be_unpacked_from_or_to(agent: RunningAgent) -> None:
    with pytest.raises(NotFoundError):
        await agent.connection.unpack_input(
            "nothing", "out", max_bytes=1, max_entries=1, max_ratio=1
        )
    with pytest.raises(InvalidArgumentError):
        await unpack(agent, zipped(FILES), "../out")
    with pytest.raises(InvalidArgumentError, match="max_bytes: must be over 0"):
        await unpack(agent, zipped(FILES), max_bytes=0)


async def test_a_file_past_the_sandboxs_limit_leaves_nothing(agent: RunningAgent) -> None:
    resource.prlimit(agent.process.pid, resource.RLIMIT_FSIZE, (2**20, 2**20))
    with pytest.raises(WrongStateError, match="the maximum size of files in /mnt/data") as raised:
        await unpack(agent, zipped({"a": b"1", "b": os.urandom(2**21)}))
    assert raised.value.reason == "SANDBOX_FULL"
    assert list(agent.data.iterdir()) == []


async def test_who_leaves_leaves_nothing(agent: RunningAgent) -> None:
    unpacking = asyncio.create_task(unpack(agent, tarred({"a": os.urandom(2**23)})))
    await eventually(lambda: any(agent.data.iterdir()))
    unpacking.cancel()
    await eventually(lambda: not any(agent.data.iterdir()))
    assert (await agent.run("1")).changed == []


async def test_it_goes_on_through_a_restart_of_the_kernel(agent: RunningAgent) -> None:
    unpacking = asyncio.create_task(unpack(agent, tarred({"a": os.urandom(2**23)})))
    await eventually(lambda: any(agent.data.iterdir()))
    await agent.connection.restart_kernel("on request")
    assert (await unpacking).files == 1


async def test_a_half_unpacked_archive_is_not_visible(agent: RunningAgent) -> None:
    unpacking = asyncio.create_task(unpack(agent, tarred({"a": os.urandom(2**23)})))
    await eventually(lambda: any(agent.data.iterdir()))
    shown = await agent.run("1")
    listing = await agent.connection.list_files(100)
    await unpacking
    assert shown.changed == []
    assert [entry.path for entry in listing.files] in ([], ["out", "out/a"])
