"""Members of an archive, one after the other: ZIP and tar, with the standard library.

No library is known that extracts both within limits; tarfile's filters need Python 3.11.4, and some
base images have an older one. So this module only reads members; `unpack.py` checks their names and
bounds what is written.
"""

import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, BinaryIO

from cellblock_agent.files.archive_names import BadArchiveError, format_member_name
from cellblock_agent.files.name_encoding import (
    TAR_ENCODING,
    decode_name,
    guess_encoding,
    zip_names,
)
from cellblock_agent.files.paths import is_utf8

ENCRYPTED = 0x1
UNIX = 3
ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
TAR_KINDS = {
    tarfile.LNKTYPE: "a link",
    tarfile.SYMTYPE: "a link",
    tarfile.FIFOTYPE: "a FIFO",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
}
MAX_NAMES = 50
"""Maximum number of a tar's names in another encoding that the encoding is guessed from."""

DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    UnicodeDecodeError,
    ValueError,
    KeyError,
    IndexError,
    OverflowError,
    RuntimeError,
)
"""Errors that the readers raise for invalid data."""


@dataclass(frozen=True)
class Member:
    """One member of an archive."""

    name: str
    content: IO[bytes] | None = None
    """Content of a file; None for anything else."""
    is_folder: bool = False
    kind: str = ""
    """Kind of a member that is neither a file nor a directory: `a link`."""


def iter_members(file: BinaryIO) -> Iterator[Member]:
    """Yield the members of an archive. Raises BadArchiveError, or one of DAMAGED."""
    magic = file.read(4)
    file.seek(0)
    # By its first bytes: a tar file may have a ZIP file near its end.
    if magic in ZIP_MAGICS:
        yield from _of_zip(file)
        return
    try:
        tar = tarfile.open(fileobj=file, mode="r:*", errors="surrogateescape")  # noqa: SIM115
    except DAMAGED as error:
        if zipfile.is_zipfile(file):  # with a prefix, as in a self-extracting program
            yield from _of_zip(file)
            return
        raise BadArchiveError("is neither a ZIP nor a tar archive") from error
    with tar:
        yield from _of_tar(tar)


def _of_zip(file: BinaryIO) -> Iterator[Member]:
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        for info, name in zip(members, zip_names(members), strict=True):
            mode = info.external_attr >> 16 if info.create_system == UNIX else 0
            kind = KINDS.get(stat.S_IFMT(mode), "")
            if info.flag_bits & ENCRYPTED:
                raise BadArchiveError(f"is encrypted: {format_member_name(name)!r}")
            if kind:
                yield Member(name, kind=kind)
            elif name.endswith("/"):
                yield Member(name, is_folder=True)
            else:
                try:
                    content = archive.open(info)
                except NotImplementedError as error:
                    # Raised by zipfile for unknown compression and encryption.
                    raise BadArchiveError(
                        f"has {format_member_name(name)!r}, which can't be read: {error}"
                    ) from error
                with content:
                    yield Member(name, content)


def _of_tar(tar: tarfile.TarFile) -> Iterator[Member]:
    others: list[bytes] = []
    while (info := tar.next()) is not None:
        name = info.name
        if not is_utf8(name):
            raw = name.encode(errors="surrogateescape")
            if len(others) < MAX_NAMES:
                others.append(raw)
            name = decode_name(raw, guess_encoding(others, TAR_ENCODING), TAR_ENCODING)
        if info.isdir():
            yield Member(name, is_folder=True)
        elif info.isreg():
            with _content(tar, info) as content:
                yield Member(name, content)
        else:
            yield Member(name, kind=TAR_KINDS.get(info.type, "of an unknown kind"))
        # Otherwise it keeps a reference to each member.
        tar.members.clear()  # type: ignore[attr-defined]
    _check_end(tar)


def _content(tar: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    content = tar.extractfile(info)
    if content is None:
        raise tarfile.ReadError("a member without content")
    return content


def _check_end(tar: tarfile.TarFile) -> None:
    """Raise ReadError for a damaged header, which the reader takes for the end."""
    file = tar.fileobj
    if file is not None:
        file.seek(tar.offset)
        block = file.read(tarfile.BLOCKSIZE)
        if block.strip(b"\0") or len(block) not in (0, tarfile.BLOCKSIZE):
            raise tarfile.ReadError("a header is damaged, or the end is missing")
