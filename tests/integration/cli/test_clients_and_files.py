"""Both clients' file operations, against a real server."""

import io
import zipfile
from pathlib import Path

import pytest

from cellblock_client import AsyncClient, Client, ListOrder, Unpacked
from cellblock_client.client import Session

MIB = 2**20


@pytest.fixture
def given(tmp_path: Path) -> list[Path]:
    """A folder, an archive and a plain file."""
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.txt").write_text("a")
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("b.txt", "b")
    (tmp_path / "c.txt").write_text("c")
    return [folder, tmp_path / "archive.zip", tmp_path / "c.txt"]


def test_a_session_begins_with_folders_and_archives(client: Client, given: list[Path]) -> None:
    with client.sessions.create(files=given, unpack=True) as session:
        assert session.files.read("folder/sub/a.txt") == b"a"
        assert session.files.read("archive/b.txt") == b"b"
        assert session.files.read("c.txt") == b"c"
    with client.sessions.create(files=given[1:]) as session:
        assert zipfile.is_zipfile(io.BytesIO(session.files.read("archive.zip")))


async def test_an_asyncio_session_begins_with_folders_and_archives(
    server: str, given: list[Path]
) -> None:
    async with (
        AsyncClient(server) as client,
        await client.sessions.create(files=given, unpack=True) as session,
    ):
        assert await session.files.read("folder/sub/a.txt") == b"a"
        assert await session.files.read("archive/b.txt") == b"b"
        assert await session.files.read("c.txt") == b"c"


def test_attaching_reports_the_attachment(session: Session, given: list[Path]) -> None:
    folder, archive, plain = given
    sizes: list[int] = []
    attached = session.attach(folder, "renamed", progress=lambda done, _total: sizes.append(done))
    assert (attached.path, attached.unpacked) == ("/mnt/data/renamed", Unpacked(1, 1, ()))
    assert len(sizes) == 1
    assert session.attach(archive, "x", unpack=True).path == "/mnt/data/x"
    assert session.files.read("x/b.txt") == b"b"
    kept = session.attach(plain)
    assert (kept.path, kept.unpacked) == ("/mnt/data/c.txt", None)
    session.detach(attached.file_id)
    assert not [file for file in session.files.list() if "renamed" in file.path]


def test_session_file_operations(session: Session, tmp_path: Path) -> None:
    files, reported = session.files, []
    content = bytes(range(256)) * 10_000
    files.write("a/b.bin", content, progress=lambda done, total: reported.append((done, total)))
    assert reported[-1] == (len(content), len(content))
    assert files.create_folder("a/c").is_folder
    assert [(file.path, file.is_folder) for file in files.list()] == [
        ("/mnt/data/a", True),
        ("/mnt/data/a/b.bin", False),
        ("/mnt/data/a/c", True),
    ]
    assert [file.path for file in files.list("a/c")] == []
    assert not files.list().incomplete
    assert files.read("a/b.bin", offset=256, length=3) == b"\x00\x01\x02"
    assert b"".join(files.stream("a/b.bin")) == content
    files.download("a/b.bin", tmp_path / "b.bin")
    assert (tmp_path / "b.bin").read_bytes() == content
    files.download_folder("a", tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
    files.delete("a", recursive=True)
    assert files.list() == ()


async def test_session_file_operations_with_asyncio(server: str, tmp_path: Path) -> None:
    async with AsyncClient(server) as client, await client.sessions.create() as session:
        files, reported = session.files, []
        content = bytes(range(256)) * 10_000
        await files.write(
            "a/b.bin", content, progress=lambda done, total: reported.append((done, total))
        )
        assert reported[-1] == (len(content), len(content))
        assert (await files.create_folder("a/c")).is_folder
        assert [file.is_folder for file in await files.list()] == [True, False, True]
        assert await files.list("a/c") == ()
        assert await files.read("a/b.bin", offset=256, length=3) == b"\x00\x01\x02"
        assert b"".join([piece async for piece in files.stream("a/b.bin")]) == content
        await files.download("a/b.bin", tmp_path / "b.bin")
        assert (tmp_path / "b.bin").read_bytes() == content
        await files.download_folder("", tmp_path / "a.zip")
        with zipfile.ZipFile(tmp_path / "a.zip") as archive:
            assert archive.testzip() is None
        await files.delete("a", recursive=True)
        assert await files.list() == ()


async def test_stored_files_are_listed_in_either_order(
    server: str, client: Client, tmp_path: Path
) -> None:
    name = f"{tmp_path.parent.name}-{tmp_path.name}"
    ids = [client.files.upload(b"x", name).id for _ in range(3)]
    assert [file.id for file in client.files.list(filename=name)] == ids[::-1]
    oldest_first = client.files.list(filename=name, order=ListOrder.ASCENDING)
    assert [file.id for file in oldest_first] == ids
    async with AsyncClient(server) as other:
        found = other.files.list(filename=name, order=ListOrder.ASCENDING)
        assert [file.id async for file in found] == ids
    for file in ids:
        client.files.delete(file)
