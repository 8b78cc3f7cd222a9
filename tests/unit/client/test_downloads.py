"""Downloads arrive whole and unchanged, over any number of streams, or leave nothing."""

import io
import stat
from pathlib import Path

import pytest

from cellblock_client import AsyncClient, Client, errors
from cellblock_client.aio import AsyncSessionFiles
from cellblock_client.client import SessionFiles
from cellblock_client.content import CHUNK_BYTES, Progress, Target
from tests.unit.client.conftest import CONTENT, FileServer

both = pytest.mark.parametrize("kind", ["ordinary", "asyncio"])


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def download(
    files: FileServer,
    kind: str,
    target: Target,
    offset: int = 0,
    length: int = 0,
    progress: Progress | None = None,
) -> None:
    if kind == "asyncio":
        async with AsyncClient(files.address) as client:
            await client.files.download(
                "file-1", target, offset=offset, length=length, progress=progress
            )
    else:
        with Client(files.address) as ordinary:
            ordinary.files.download(
                "file-1", target, offset=offset, length=length, progress=progress
            )


@both
async def test_download_resumes_where_the_stream_broke(
    files: FileServer, kind: str, tmp_path: Path
) -> None:
    files.breaks = [2 * CHUNK_BYTES, 0, CHUNK_BYTES]
    await download(files, kind, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert names(tmp_path) == ["a"]
    assert [offset // CHUNK_BYTES for offset, _length in files.ranges] == [0, 2, 2, 3]


@both
async def test_download_of_a_range_resumes(files: FileServer, kind: str) -> None:
    memory = io.BytesIO()
    files.breaks = [CHUNK_BYTES]
    await download(files, kind, memory, 5, CHUNK_BYTES + 10)
    assert memory.getvalue() == CONTENT[5 : CHUNK_BYTES + 15]
    assert files.ranges == [(5, CHUNK_BYTES + 10), (CHUNK_BYTES + 5, 10)]


@both
async def test_stream_that_breaks_after_the_last_byte_is_complete(
    files: FileServer, kind: str
) -> None:
    memory = io.BytesIO()
    files.breaks = [10]
    await download(files, kind, memory, 0, 10)
    assert (memory.getvalue(), len(files.ranges)) == (CONTENT[:10], 1)


@both
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"x" + CONTENT[1:], "have the SHA-256"),
        (CONTENT[:-1], f"{len(CONTENT) - 1} of {len(CONTENT)} bytes came"),
        (CONTENT + b"x", f"more than {len(CONTENT)} bytes came"),
    ],
)
async def test_bytes_that_differ_from_the_stored_file_are_refused(
    files: FileServer, kind: str, content: bytes, said: str, tmp_path: Path
) -> None:
    files.content = content
    (tmp_path / "a").write_text("before")
    with pytest.raises(errors.DamagedDataError, match=said):
        await download(files, kind, tmp_path / "a")
    assert (tmp_path / "a").read_text() == "before"
    assert names(tmp_path) == ["a"]


@both
async def test_failed_download_leaves_the_existing_file(
    files: FileServer, kind: str, tmp_path: Path
) -> None:
    (tmp_path / "a").write_text("before")

    def raise_error(done: int, total: int | None) -> None:
        assert total == len(CONTENT)
        if done > CHUNK_BYTES:
            raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        await download(files, kind, tmp_path / "a", progress=raise_error)
    assert (tmp_path / "a").read_text() == "before"
    assert names(tmp_path) == ["a"]


@both
async def test_download_writes_through_links_and_devices(
    files: FileServer, kind: str, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to("real")
    await download(files, kind, tmp_path / "link", 0, 10)
    assert (tmp_path / "real").read_bytes() == CONTENT[:10]
    assert (tmp_path / "link").is_symlink()
    await download(files, kind, "/dev/null", 0, 10)
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@both
async def test_download_reports_progress(files: FileServer, kind: str) -> None:
    reported: list[tuple[int, int | None]] = []
    files.breaks = [3 * CHUNK_BYTES]
    await download(
        files, kind, io.BytesIO(), progress=lambda done, total: reported.append((done, total))
    )
    expected = [*range(CHUNK_BYTES, len(CONTENT), CHUNK_BYTES), len(CONTENT)]
    assert reported == [(done, len(CONTENT)) for done in expected]


def test_stream_can_be_closed_early(files: FileServer) -> None:
    files.breaks = [CHUNK_BYTES]
    with Client(files.address) as client:
        pieces = client.files.stream("file-1")
        assert next(pieces) + next(pieces) == CONTENT[: 2 * CHUNK_BYTES]
        pieces.close()
        assert b"".join(client.files.stream("file-1", offset=len(CONTENT) - 3)) == b"end"


async def test_asyncio_stream_can_be_closed_early(files: FileServer) -> None:
    files.breaks = [CHUNK_BYTES]
    async with AsyncClient(files.address) as client:
        pieces = client.files.stream("file-1")
        assert await anext(pieces) + await anext(pieces) == CONTENT[: 2 * CHUNK_BYTES]
        await pieces.aclose()
        rest = client.files.stream("file-1", offset=len(CONTENT) - 3)
        assert b"".join([piece async for piece in rest]) == b"end"


@pytest.mark.parametrize("kind", ["ordinary", "asyncio"])
async def test_session_file_is_read_again_after_a_break(
    files: FileServer, tmp_path: Path, kind: str
) -> None:
    files.breaks = [CHUNK_BYTES, CHUNK_BYTES]
    if kind == "asyncio":
        async with AsyncClient(files.address) as caller:
            own = AsyncSessionFiles(caller.files._transport, "sess_1")
            await own.download("a", tmp_path / "a")
            assert await own.read("a") == CONTENT
    else:
        with Client(files.address) as client:
            session_files = SessionFiles(client.files._transport, "sess_1")
            session_files.download("a", tmp_path / "a")
            assert session_files.read("a") == CONTENT
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert {asked[0] for asked in files.ranges} == {0}


def test_session_file_stream_does_not_restart_after_its_first_piece(files: FileServer) -> None:
    files.breaks = [0, CHUNK_BYTES]
    with Client(files.address) as client:
        pieces = SessionFiles(client.files._transport, "sess_1").stream("a")
        assert next(pieces) == CONTENT[:CHUNK_BYTES]
        with pytest.raises(errors.UnavailableError, match="broken"):
            next(pieces)
    assert len(files.ranges) == 2


async def test_asyncio_session_file_stream_does_not_restart_after_its_first_piece(
    files: FileServer,
) -> None:
    files.breaks = [0, CHUNK_BYTES]
    async with AsyncClient(files.address) as client:
        pieces = AsyncSessionFiles(client.files._transport, "sess_1").stream("a")
        assert await anext(pieces) == CONTENT[:CHUNK_BYTES]
        with pytest.raises(errors.UnavailableError, match="broken"):
            await anext(pieces)
    assert len(files.ranges) == 2


def test_failed_session_file_download_leaves_no_file(files: FileServer, tmp_path: Path) -> None:
    files.breaks = [CHUNK_BYTES]
    with Client(files.address, retry_for=0) as client:
        session_files = SessionFiles(client.files._transport, "sess_1")
        with pytest.raises(errors.UnavailableError, match="broken"):
            session_files.download("a", tmp_path / "a")
        assert names(tmp_path) == []
        reported: list[tuple[int, int | None]] = []
        session_files.download(
            "a",
            tmp_path / "a",
            length=10,
            progress=lambda done, total: reported.append((done, total)),
        )
    assert (tmp_path / "a").read_bytes() == CONTENT[:10]
    assert reported == [(10, None)]
