"""Directories of this machine as one file that can be uploaded."""

import os
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from cellblock_client.types import Skipped

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")


def is_archive(filename: str) -> bool:
    """Return whether the server can unpack the file, by its name."""
    return filename.lower().endswith(ARCHIVES)


HERE = "."
"""The current directory: its content is attached to `/mnt/data` itself."""


def is_here(folder: str | os.PathLike[str]) -> bool:
    """Return whether a path is `.`, in any spelling."""
    return Path(folder) == Path(HERE)


def packed(folder: str | os.PathLike[str], skipped: list[Skipped] | None = None) -> BinaryIO:
    """Pack a directory as a temporary tar file, which closing it deletes.

    Links are neither followed nor packed; nor are sockets, FIFOs and devices: they are added to
    `skipped`. The archive does not name owners.
    """
    left_out = [] if skipped is None else skipped
    file = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 - the caller closes it
    try:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for entry in _below(folder):
                name = os.path.relpath(entry.path, folder)
                if kind := _unsupported_kind(entry):
                    left_out.append(Skipped(name, f"is {kind}"))
                else:
                    _pack(archive, entry, name)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def _pack(archive: tarfile.TarFile, entry: "os.DirEntry[str]", name: str) -> None:
    info = tarfile.TarInfo(name)
    if entry.is_dir(follow_symlinks=False):
        info.type, info.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(info)
        return
    with Path(entry.path).open("rb") as content:
        status = os.fstat(content.fileno())
        info.size, info.mode = status.st_size, status.st_mode & 0o777
        info.mtime = int(status.st_mtime)
        archive.addfile(info, content)


def _below(folder: str | os.PathLike[str]) -> Iterator["os.DirEntry[str]"]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_dir(follow_symlinks=False):
                yield entry
                yield from _below(entry.path)
            else:
                yield entry


def _unsupported_kind(entry: "os.DirEntry[str]") -> str:
    """Return the kind of an entry that can't be packed; empty for a file or directory."""
    if entry.is_symlink():
        return "a link"
    if entry.is_dir(follow_symlinks=False) or entry.is_file(follow_symlinks=False):
        return ""
    return "not a plain file"
