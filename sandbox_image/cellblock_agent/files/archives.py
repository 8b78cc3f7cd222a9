"""What is in an archive, one member after the other: ZIP and tar, by the standard library.

No library that we know of extracts both within bounds; tarfile's filters came with
Python 3.11.4, and some bases of images have an older one. So members are only read
here; what their names may be, and how much is written, is `unpack.py`'s.
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
"""What the readers raise for bytes that make no sense."""


@dataclass(frozen=True)
class Member:
    """Something in an archive."""

    name: str
    content: IO[bytes] | None = None
    """Of a file."""
    is_folder: bool = False
    kind: str = ""
    """What it is, if neither: `a link`."""


def iter_members(file: BinaryIO) -> Iterator[Member]:
    """The members of an archive. Raises BadArchiveError, or one of DAMAGED."""
    magic = file.read(4)
    file.seek(0)
    # By its beginning: a tar file may have a ZIP file near its end.
    if magic in ZIP_MAGICS:
        yield from _of_zip(file)
        return
    try:
        tar = tarfile.open(fileobj=file, mode="r:*", errors="surrogateescape")  # noqa: SIM115
    except DAMAGED as error:
        if zipfile.is_zipfile(file):  # with something else before it, as in a program
            yield from _of_zip(file)
            return
        raise BadArchiveError("is neither a ZIP nor a tar archive") from error
    with tar:
        yield from _of_tar(tar)


def _of_zip(file: BinaryIO) -> Iterator[Member]:
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            # `filename` has been cut at a NUL, and more.
            name = info.orig_filename
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
                    # What zipfile raises for compression and encryption that it does not know.
                    raise BadArchiveError(
                        f"has {format_member_name(name)!r}, which can't be read: {error}"
                    ) from error
                with content:
                    yield Member(name, content)


def _of_tar(tar: tarfile.TarFile) -> Iterator[Member]:
    while (info := tar.next()) is not None:
        if info.isdir():
            yield Member(info.name, is_folder=True)
        elif info.isreg():
            with _content(tar, info) as content:
                yield Member(info.name, content)
        else:
            yield Member(info.name, kind=TAR_KINDS.get(info.type, "of an unknown kind"))
        # It would remember each of them.
        tar.members.clear()  # type: ignore[attr-defined]
    _check_end(tar)


def _content(tar: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    content = tar.extractfile(info)
    if content is None:
        raise tarfile.ReadError("a member without content")
    return content


def _check_end(tar: tarfile.TarFile) -> None:
    """Find out about a damaged header, which the reader takes for the end."""
    file = tar.fileobj
    if file is not None:
        file.seek(tar.offset)
        block = file.read(tarfile.BLOCKSIZE)
        if block.strip(b"\0") or len(block) not in (0, tarfile.BLOCKSIZE):
            raise tarfile.ReadError("a header is damaged, or the end is missing")
