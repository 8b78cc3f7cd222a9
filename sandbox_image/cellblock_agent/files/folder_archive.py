"""Directory as a ZIP archive, created while it is sent."""

import io
import time
import zipfile
from collections.abc import Iterator

from cellblock_agent.files.data_folder import DataFolder
from cellblock_agent.files.paths import NotPlainError, is_utf8
from cellblock_agent.files.walk import Entry, ScanBounds
from cellblock_agent.output.text import escape_unprintable

ARCHIVE_BOUNDS = ScanBounds(max_entries=20_000, max_seconds=5.0)
"""Limits of one archive: a ZIP file ends with all names, which have to be kept in memory."""
CHUNK_BYTES = 2**20
READ_BYTES = 2**18
EARLIEST, LATEST = (1980, 1, 1, 0, 0, 0), (2107, 12, 31, 23, 59, 58)
"""Range of times that the format can hold."""
FILE_MODE = 0o100644
FOLDER_MODE = 0o40755
DOS_FOLDER = 0x10


def zip_folder(folder: DataFolder, path: str) -> Iterator[bytes]:
    """Yield the archive's bytes, in pieces of at most CHUNK_BYTES. Blocking.

    Entries that are removed meanwhile are left out; files that grow are cut at their first size.
    Raises BadPathError or FileNotFoundError before the first piece, or NotPlainError if it is no
    directory or one that an archive can't contain completely.
    """
    entries = _entries(folder, path)
    sink = _Sink()
    # Level 1: compression delays the reader, and files that code creates are either text, which the
    # first level compresses most, or compressed already.
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for entry in entries:
            name = entry.path[len(path) + 1 :] if path else entry.path
            for _piece in _add(archive, folder, entry, name):
                yield from sink.pop_pieces(CHUNK_BYTES)
    yield from sink.pop_pieces(0)


def _entries(folder: DataFolder, path: str) -> list[Entry]:
    walk = folder.walk(ARCHIVE_BOUNDS, folder=path)
    entries = []
    for entry in walk:
        if entry.is_closed:
            raise NotPlainError(f"{escape_unprintable(entry.path)} {entry.closed_reason}")
        if is_utf8(entry.path) and (entry.is_folder or entry.is_file or folder.input_of(entry)):
            entries.append(entry)
    if not walk.is_complete:
        raise NotPlainError(f"the folder has more than {ARCHIVE_BOUNDS.in_words}")
    return entries


def _add(archive: zipfile.ZipFile, folder: DataFolder, entry: Entry, name: str) -> Iterator[None]:
    info = zipfile.ZipInfo(name, _date(entry.info.st_mtime))
    if entry.is_folder:
        info.filename += "/"
        info.external_attr = FOLDER_MODE << 16 | DOS_FOLDER
        archive.writestr(info, b"")
        yield
        return
    try:
        file = folder.open(entry.path)
    except (OSError, NotPlainError):
        return  # gone, or replaced by something else
    with file:
        left = file.seek(0, io.SEEK_END)
        file.seek(0)
        info.external_attr = FILE_MODE << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        info.file_size = left
        with archive.open(info, "w") as member:
            while left > 0 and (data := file.read(min(left, READ_BYTES))):
                left -= len(data)
                member.write(data)
                yield
    yield


def _date(seconds: float) -> tuple[int, int, int, int, int, int]:
    try:
        moment = time.gmtime(seconds)
    except (OverflowError, OSError, ValueError):
        return LATEST if seconds > 0 else EARLIEST
    year, month, day, hour, minute, second, *_rest = moment
    return min(max((year, month, day, hour, minute, second), EARLIEST), LATEST)


class _Sink(io.RawIOBase):
    """Buffer that keeps written bytes until they are taken."""

    def __init__(self) -> None:
        super().__init__()
        self._pending = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        view = memoryview(data)  # type: ignore[arg-type]
        self._pending += view
        return view.nbytes

    def pop_pieces(self, least: int) -> Iterator[bytes]:
        """Yield all bytes in pieces, once there are at least `least`."""
        while self._pending and len(self._pending) >= least:
            piece = bytes(self._pending[:CHUNK_BYTES])
            del self._pending[:CHUNK_BYTES]
            yield piece
