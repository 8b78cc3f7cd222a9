"""Extraction of an archive, in a process of its own.

A hostile archive can make its reader use any amount of memory (a header of gigabytes, a dictionary
of gigabytes) or time. This process has a limit on both. If it ends, the agent lives on, and nothing
else in the sandbox waits for it.

    python -m cellblock_agent.files.unpack ARCHIVE FOLDER MAX_BYTES MAX_ENTRIES MAX_RATIO MAX_PARTS

The first two are descriptors. The answer is JSON: `skipped`, a list of pairs of a name and a
reason; or `refused` or `full`, with the reason why nothing is kept.
"""

import errno
import json
import os
import resource
import sys
import unicodedata
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Any, BinaryIO

from cellblock_agent.files.archive_names import (
    MAX_NAME_BYTES,
    BadArchiveError,
    UnusableName,
    format_member_name,
    parts_of_member,
)
from cellblock_agent.files.archives import DAMAGED, Member, iter_members
from cellblock_agent.files.walk import open_folder
from cellblock_agent.processes.own_process import prefer_for_oom_kill, set_dumpable

MEMORY_BYTES = 512 * 2**20
"""Limit of the address space: Python, 200,000 names, and any usual dictionary."""
CHUNK_BYTES = 2**18
MAX_SKIPPED = 100
"""Maximum number of skipped members that are named."""
SMALL_BYTES = 2**20
"""Size up to which the ratio is not checked."""
FILE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
MACOS_FOLDER, MACOS_FILE = "__MACOSX", ".DS_Store"
MACOS_REASON = "has only metadata of macOS"
APPLE_DOUBLE = b"\x00\x05\x16\x07"
"""First bytes of a file with another file's metadata, called `._` and its name."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class FullError(Exception):
    """The data directory is full."""

    def __init__(self, number: int) -> None:
        """Keep the error's number."""
        super().__init__(number)
        self.number = number


@dataclass(frozen=True)
class UnpackBounds:
    """Limits of an extraction."""

    max_bytes: int
    max_entries: int
    max_ratio: int
    max_parts: int


@dataclass
class ArchiveExtraction:
    """Extraction of one archive into a directory."""

    folder: int
    archive_bytes: int
    bounds: UnpackBounds
    skipped: list[tuple[str, str]] = field(default_factory=list)
    entries: int = 0
    written: int = 0
    """Bytes written so far, whatever sizes the archive declares."""
    spellings: dict[str, str] = field(default_factory=dict)
    """Names of files that are not ASCII, as the archive spells them, by their composed form."""

    def add(self, member: Member) -> None:
        """Write one member. Raises BadArchiveError, FullError, or one of DAMAGED."""
        self._count()
        parts = parts_of_member(member.name, self.bounds.max_parts)
        if isinstance(parts, UnusableName):
            self._skip(member.name, parts.reason)
        elif member.kind:
            self._skip(member.name, f"is {member.kind}")
        elif not parts:
            return
        elif MACOS_FOLDER in parts or parts[-1] == MACOS_FILE:
            self._skip_once(MACOS_FOLDER if MACOS_FOLDER in parts else MACOS_FILE)
        elif member.content is None:
            os.close(self._enter(_composed(parts)))
        else:
            first = member.content.read(CHUNK_BYTES)
            if parts[-1].startswith("._") and first.startswith(APPLE_DOUBLE):
                self._skip_once("._*")
            else:
                self._write(self._spelled(parts), first, member.content)

    def _spelled(self, parts: tuple[str, ...]) -> tuple[str, ...]:
        """Return a file's path in composed form, as people type it; macOS decomposes names.

        Of two files that differ only in this, both are kept.
        """
        composed = _composed(parts)
        name = "/".join(parts)
        if name.isascii() or self.spellings.setdefault("/".join(composed), name) == name:
            return composed
        if composed != parts:
            return parts
        return (*parts[:-1], unicodedata.normalize("NFD", parts[-1]))

    def _write(self, parts: tuple[str, ...], first: bytes, content: IO[bytes]) -> None:
        folder = self._enter(parts[:-1])
        try:
            file = self._create(folder, parts)
            try:
                data = first
                while data:
                    self._count_bytes(len(data))
                    _write_all(file, data)
                    data = content.read(CHUNK_BYTES)
            finally:
                os.close(file)
        finally:
            os.close(folder)

    def _create(self, folder: int, parts: tuple[str, ...]) -> int:
        with suppress(FileNotFoundError):
            try:
                os.unlink(parts[-1], dir_fd=folder)  # of two with one name, keep the later one
            except IsADirectoryError as error:
                raise _conflict(parts) from error
        try:
            return os.open(parts[-1], FILE_FLAGS, 0o644, dir_fd=folder)
        except OSError as error:
            raise _not_written(error) from error

    def _enter(self, parts: tuple[str, ...]) -> int:
        folder = os.dup(self.folder)
        for number, part in enumerate(parts, 1):
            try:
                try:
                    os.mkdir(part, 0o755, dir_fd=folder)
                    self._count()
                except FileExistsError:
                    pass
                except OSError as error:
                    raise _not_written(error) from error
                inner = open_folder(part, folder)
            except NotADirectoryError as error:
                raise _conflict(parts[:number]) from error
            finally:
                os.close(folder)
            folder = inner
        return folder

    def _count(self) -> None:
        self.entries += 1
        if self.entries > self.bounds.max_entries:
            raise BadArchiveError(f"has more than {self.bounds.max_entries} files and folders")

    def _count_bytes(self, size: int) -> None:
        self.written += size
        if self.written > self.bounds.max_bytes:
            raise BadArchiveError(f"is more than {self.bounds.max_bytes} bytes when unpacked")
        most = self.bounds.max_ratio * self.archive_bytes
        if self.written > max(most, SMALL_BYTES):
            ratio = self.bounds.max_ratio
            raise BadArchiveError(f"is more than {ratio} times as large when unpacked")

    def _skip_once(self, name: str) -> None:
        """Note metadata of macOS: not each of the many entries."""
        if (name, MACOS_REASON) not in self.skipped:
            self._skip(name, MACOS_REASON)

    def _skip(self, name: str, reason: str) -> None:
        if len(self.skipped) < MAX_SKIPPED:
            self.skipped.append((format_member_name(name), reason))


def unpack_archive(archive: BinaryIO, folder: int, bounds: UnpackBounds) -> dict[str, Any]:
    """Extract an archive, and return the answer that the module describes."""
    extraction = ArchiveExtraction(folder, os.fstat(archive.fileno()).st_size, bounds)
    try:
        for member in iter_members(archive):
            extraction.add(member)
    except BadArchiveError as error:
        return {"refused": str(error)}
    except FullError as error:
        return {"full": error.number}
    except MemoryError:
        return {"refused": "takes too much memory to unpack"}
    except (*DAMAGED, OSError) as error:
        return {"refused": f"is damaged: {format_member_name(str(error)) or type(error).__name__}"}
    return {"skipped": extraction.skipped}


def _composed(parts: tuple[str, ...]) -> tuple[str, ...]:
    composed = tuple(unicodedata.normalize("NFC", part) for part in parts)
    if all(len(part.encode()) <= MAX_NAME_BYTES for part in composed):
        return composed
    return parts  # a few characters become longer


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(file, view) :]
    except OSError as error:
        raise _not_written(error) from error


def _not_written(error: OSError) -> FullError | BadArchiveError:
    if error.errno in FULL:
        return FullError(error.errno)
    # Running user code has interfered.
    return BadArchiveError(f"could not be written: {error.strerror}")


def _conflict(parts: tuple[str, ...]) -> BadArchiveError:
    return BadArchiveError(
        f"has {format_member_name('/'.join(parts))!r} both as a file and as a folder"
    )


def main() -> None:
    """Run as a program."""
    # First: later, its files in /proc do not belong to its user.
    prefer_for_oom_kill()
    set_dumpable(dumpable=False)
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    archive, folder, *numbers = map(int, sys.argv[1:])
    with os.fdopen(archive, "rb") as file:
        answer = unpack_archive(file, folder, UnpackBounds(*numbers))
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
