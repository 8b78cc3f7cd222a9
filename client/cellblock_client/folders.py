"""Directories of this machine as one file that can be uploaded."""

import os
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")


def is_archive(filename: str) -> bool:
    """Return whether the server can unpack the file, by its name."""
    return filename.lower().endswith(ARCHIVES)


def packed(folder: str | os.PathLike[str]) -> BinaryIO:
    """Pack a directory as a temporary tar file, which closing it deletes.

    Links are neither followed nor packed; nor are sockets, FIFOs and devices. The archive does not
    name owners.
    """
    file = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 - the caller closes it
    try:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for entry in _below(folder):
                _pack(archive, entry, os.path.relpath(entry.path, folder))
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
            elif entry.is_file(follow_symlinks=False):
                yield entry
