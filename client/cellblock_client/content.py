"""Bytes that come from, or go to, a path, a file object or memory."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cellblock.v1 import file_pb2 as pb
from cellblock_client.errors import InvalidArgumentError

Source = str | os.PathLike[str] | bytes | BinaryIO
Target = str | os.PathLike[str] | BinaryIO

CHUNK_BYTES = 2**20
"""As the API bounds it."""


@contextmanager
def opened(source: Source) -> Iterator[BinaryIO]:
    """The source for reading; closed afterwards unless it is the caller's own object."""
    if isinstance(source, bytes):
        yield io.BytesIO(source)
    elif isinstance(source, str | os.PathLike):
        with Path(source).open("rb") as file:
            yield file
    else:
        yield source


@contextmanager
def created(target: Target) -> Iterator[BinaryIO]:
    """The target for writing; closed afterwards unless it is the caller's own object."""
    if isinstance(target, str | os.PathLike):
        with Path(target).open("wb") as file:
            yield file
    else:
        yield target


def name_of(source: Source, filename: str | None) -> str:
    """The file's name: the one given, or the source's own."""
    if filename:
        return filename
    if isinstance(source, str | os.PathLike):
        return Path(source).name
    name = getattr(source, "name", None)
    if isinstance(name, str):
        return Path(name).name
    raise InvalidArgumentError(
        "filename: is needed for bytes", field="filename", problem="is needed for bytes"
    )


def upload_requests(file: BinaryIO, filename: str) -> Iterator[pb.UploadFileRequest]:
    """The messages of an upload."""
    yield pb.UploadFileRequest(metadata=pb.UploadFileMetadata(filename=filename))
    while chunk := file.read(CHUNK_BYTES):
        yield pb.UploadFileRequest(data=chunk)
    yield pb.UploadFileRequest(end=pb.EndOfData())


def write_requests(
    file: BinaryIO, session_id: str, path: str
) -> Iterator[pb.WriteSessionFileRequest]:
    """The messages of a write into a session."""
    target = pb.WriteSessionFileTarget(session_id=session_id, path=path)
    yield pb.WriteSessionFileRequest(target=target)
    while chunk := file.read(CHUNK_BYTES):
        yield pb.WriteSessionFileRequest(data=chunk)
    yield pb.WriteSessionFileRequest(end=pb.EndOfData())
