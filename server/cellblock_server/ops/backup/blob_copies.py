"""Copy of stored bytes to a backup and back, each verified against its hash."""

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from cellblock_server.blobs.local import MODE, hash_of
from cellblock_server.blobs.object_store import (
    CHUNK,
    GONE,
    OTHER_BYTES,
    Blob,
    DamagedBlobError,
    ObjectStore,
)
from cellblock_server.ops.backup.snapshot import named_blobs

NEW = ".new"
"""Suffix of the name of an incomplete file."""


@dataclass(frozen=True)
class Damage:
    """A file whose bytes could not be copied."""

    file_id: str
    problem: str


@dataclass
class Copied:
    """Result of copying the bytes that a database names."""

    files: int = 0
    copied_bytes: int = 0
    damaged: list[Damage] = field(default_factory=list)


def copy_blobs(database: Path, source: Path, target: Path, *, keep: bool) -> Copied:
    """Copy the bytes that `database` names. With `keep`, existing files of the same size stay."""
    done = Copied()
    for sha256, size, file_id in named_blobs(database):
        done.files += 1
        to = _path(target, sha256)
        if keep and to.exists() and to.stat().st_size == size:
            continue
        to.parent.mkdir(parents=True, exist_ok=True)
        if problem := _copy(_path(source, sha256), to, sha256):
            done.damaged.append(Damage(file_id, problem))
        else:
            done.copied_bytes += size
    return done


async def fetch_blobs(database: Path, source: ObjectStore, target: Path) -> Copied:
    """Copy the bytes that `database` names out of a remote store; existing ones of their size stay.

    Raises UnavailableError.
    """
    done = Copied()
    for sha256, size, file_id in named_blobs(database):
        done.files += 1
        to = _path(target, sha256)
        if to.exists() and to.stat().st_size == size:
            continue
        to.parent.mkdir(parents=True, exist_ok=True)
        fresh = to.with_name(to.name + NEW)
        try:
            with fresh.open("wb") as writing:
                async for piece in source.read(Blob(sha256, size), 0, 0):
                    writing.write(piece)
                _finish(writing)
        except DamagedBlobError as error:
            fresh.unlink()
            done.damaged.append(Damage(file_id, str(error)))
        else:
            fresh.replace(to)
            done.copied_bytes += size
    return done


async def send_blobs(database: Path, source: Path, target: ObjectStore) -> Copied:
    """Copy the bytes that `database` names into a remote store; existing ones of their size stay.

    Raises UnavailableError.
    """
    done = Copied()
    for sha256, size, file_id in named_blobs(database):
        done.files += 1
        blob, file = Blob(sha256, size), _path(source, sha256)
        if await _is_there(target, blob):
            continue
        if not file.exists():
            done.damaged.append(Damage(file_id, GONE))
        elif hash_of(file) != sha256:
            done.damaged.append(Damage(file_id, OTHER_BYTES))
        else:
            await target.put(file, blob)
            done.copied_bytes += size
    return done


async def _is_there(store: ObjectStore, blob: Blob) -> bool:
    try:
        # Reading from the end yields nothing, but checks the size.
        async for _piece in store.read(blob, blob.size, 0):
            pass
    except DamagedBlobError:
        return False
    return True


def remove_others(database: Path, folder: Path) -> None:
    """Remove bytes that `database` does not name, and remains of an interrupted copy."""
    wanted = {sha256 for sha256, _size, _file in named_blobs(database)}
    for path in folder.glob("[0-9a-f][0-9a-f]/*"):
        if path.parent.name + path.name not in wanted:
            path.unlink()


def _path(root: Path, sha256: str) -> Path:
    """Return the path of bytes, as in `blobs/folder_store.py`."""
    return root / sha256[:2] / sha256[2:]


def _copy(source: Path, target: Path, sha256: str) -> str:
    """Copy a file, whole or not at all; return what is wrong with it, empty if nothing."""
    fresh = target.with_name(target.name + NEW)
    fresh.unlink(missing_ok=True)
    digest = hashlib.sha256()
    try:
        with source.open("rb") as reading, fresh.open("wb") as writing:
            while piece := reading.read(CHUNK):
                digest.update(piece)
                writing.write(piece)
            _finish(writing)
    except FileNotFoundError:
        return GONE
    if digest.hexdigest() != sha256:
        fresh.unlink()
        return OTHER_BYTES
    fresh.replace(target)
    return ""


def _finish(writing: BinaryIO) -> None:
    os.fchmod(writing.fileno(), MODE)
    writing.flush()
    os.fsync(writing.fileno())
