"""An upload whose stream breaks resumes there, and is verified as a whole."""

import asyncio
import hashlib
import io
import os
import threading
from pathlib import Path

import pytest

from cellblock_client import AsyncClient, Client, File, FilePurpose, errors
from cellblock_client.content import CHUNK_BYTES, Progress, Source
from tests.unit.client.conftest import CONTENT, FileServer

SHA256 = hashlib.sha256(CONTENT).hexdigest()


async def upload(
    files: FileServer,
    kind: str,
    source: Source,
    progress: Progress | None = None,
    timeout: float | None = None,
    retry_for: float | None = None,
) -> File:
    if kind == "asyncio":
        async with AsyncClient(files.address, retry_for=retry_for) as client:
            return await client.files.upload(source, "a", progress=progress, timeout=timeout)
    with Client(files.address, retry_for=retry_for) as ordinary:
        return ordinary.files.upload(source, "a", progress=progress, timeout=timeout)


both = pytest.mark.parametrize("kind", ["ordinary", "asyncio"])


@both
async def test_upload_arrives_in_one_stream(files: FileServer, kind: str) -> None:
    file = await upload(files, kind, CONTENT)
    assert (file.bytes, file.purpose) == (len(CONTENT), FilePurpose.ASSISTANTS)
    (stream,) = files.streams
    assert (stream.metadata.bytes, stream.data) == (len(CONTENT), len(CONTENT))
    assert stream.sha256 == SHA256


@both
async def test_upload_resumes_where_the_stream_broke(
    files: FileServer, kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "a"
    path.write_bytes(CONTENT)
    files.breaks = [2 * CHUNK_BYTES, CHUNK_BYTES, CHUNK_BYTES]
    assert (await upload(files, kind, path)).bytes == len(CONTENT)
    offsets = [stream.metadata.offset // CHUNK_BYTES for stream in files.streams]
    assert offsets == [0, 2, 3, 4]
    assert sum(stream.data for stream in files.streams) == len(CONTENT)
    assert files.streams[-1].sha256 == SHA256
    (upload_id,) = {stream.metadata.upload_id for stream in files.streams}
    assert upload_id.startswith("upload_")


@both
async def test_file_object_is_uploaded_from_its_position(files: FileServer, kind: str) -> None:
    source = io.BytesIO(b"before" + CONTENT)
    source.seek(6)
    files.breaks = [CHUNK_BYTES]
    assert (await upload(files, kind, source)).bytes == len(CONTENT)
    assert files.streams[-1].sha256 == SHA256
    assert files.streams[-1].metadata.bytes == len(CONTENT)


@both
async def test_stored_upload_is_not_sent_again(files: FileServer, kind: str) -> None:
    files.loses_answers = 1
    assert (await upload(files, kind, CONTENT)).bytes == len(CONTENT)
    assert len(files.streams) == len(files.stored) == 1


@both
async def test_upload_that_the_server_forgot_is_sent_again(files: FileServer, kind: str) -> None:
    files.breaks, files.forgets = [3 * CHUNK_BYTES], True
    assert (await upload(files, kind, CONTENT)).bytes == len(CONTENT)
    assert [stream.metadata.offset for stream in files.streams] == [0, 0]
    assert files.streams[-1].data == len(CONTENT)


@both
async def test_lost_bytes_are_read_again(files: FileServer, kind: str) -> None:
    files.breaks, files.loses = [3 * CHUNK_BYTES], 2 * CHUNK_BYTES + 1
    assert (await upload(files, kind, CONTENT)).bytes == len(CONTENT)
    assert [stream.metadata.offset for stream in files.streams] == [0, CHUNK_BYTES - 1]
    assert files.streams[-1].sha256 == SHA256


@both
async def test_pipe_is_sent_without_an_upload_id(files: FileServer, kind: str) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"x" * 1000)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert (await upload(files, kind, pipe)).bytes == 1000
    (stream,) = files.streams
    assert (stream.metadata.upload_id, stream.metadata.HasField("bytes")) == ("", False)


@both
async def test_upload_of_a_pipe_does_not_resume(files: FileServer, kind: str) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"x" * 1000)
    os.close(writing)
    files.breaks = [1]
    with os.fdopen(reading, "rb") as pipe, pytest.raises(errors.UnavailableError, match="broken"):
        await upload(files, kind, pipe)
    assert len(files.streams) == 1


@both
async def test_upload_fails_if_the_server_stays_unavailable(files: FileServer, kind: str) -> None:
    files.away = True
    with pytest.raises(errors.UnavailableError, match="away"):
        await upload(files, kind, b"small", retry_for=0.5)
    # Pauses of 0.1, 0.2 and 0.4 s, each shortened at random by up to half.
    assert 3 <= len(files.streams) <= 6


@both
async def test_upload_that_breaks_again_and_again_ends_at_its_timeout(
    files: FileServer, kind: str
) -> None:
    files.breaks, files.forgets = [1] * 1000, True
    with pytest.raises(errors.UnavailableError, match="broken"):
        await upload(files, kind, CONTENT, timeout=1)


@both
async def test_early_refusal_ends_the_upload(files: FileServer, kind: str) -> None:
    files.refuses = True
    with pytest.raises(errors.InvalidArgumentError, match="too large"):
        await upload(files, kind, CONTENT)
    assert len(files.streams) == 1


async def test_cancelled_upload_stops_reading_its_source(files: FileServer) -> None:
    files.stalls, source = threading.Event(), io.BytesIO(CONTENT * 10)
    task = asyncio.create_task(upload(files, "asyncio", source))
    await asyncio.to_thread(files.stalled.wait, 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    place = source.tell()
    files.stalls.set()
    assert source.tell() == place < len(CONTENT) * 10
    assert files.stored == {}


class Failing(io.BytesIO):
    """A source whose second read fails."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise KeyError("the disk is on fire")
        return super().read(size)


@both
async def test_exception_of_the_source_is_raised(
    files: FileServer, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(KeyError, match="the disk is on fire"):
        await upload(files, kind, Failing(CONTENT))
    (stream,) = files.streams
    assert (stream.data, stream.sha256) == (CHUNK_BYTES, None)
    assert files.stored == {}
    assert caplog.records == []


@both
async def test_text_file_raises_type_error(files: FileServer, kind: str) -> None:
    with pytest.raises(TypeError):
        await upload(files, kind, io.StringIO("text"))  # type: ignore[arg-type]
    assert files.stored == {}


@both
async def test_source_that_became_shorter_is_reported(files: FileServer, kind: str) -> None:
    source = io.BytesIO(CONTENT)
    files.breaks, files.loses = [2 * CHUNK_BYTES], CHUNK_BYTES
    files.before_break = lambda: source.truncate(10)
    with pytest.raises(errors.Error, match="the source has become shorter: 10 of 1048576 bytes"):
        await upload(files, kind, source)
    assert files.stored == {}


@both
async def test_upload_reports_progress(files: FileServer, kind: str) -> None:
    reported: list[tuple[int, int | None]] = []
    files.breaks = [3 * CHUNK_BYTES]
    await upload(files, kind, CONTENT, lambda done, total: reported.append((done, total)))
    assert {total for _done, total in reported} == {len(CONTENT)}
    assert reported[-1] == (len(CONTENT), len(CONTENT))
    assert (2 * CHUNK_BYTES, len(CONTENT)) in reported


@both
async def test_exception_of_the_progress_callback_ends_the_upload(
    files: FileServer, kind: str
) -> None:
    def raise_error(done: int, _total: int | None) -> None:
        if done >= 2 * CHUNK_BYTES:
            raise StopAsyncIteration("enough")

    with pytest.raises(StopAsyncIteration, match="enough"):
        await upload(files, kind, CONTENT, raise_error)
    assert files.stored == {}
