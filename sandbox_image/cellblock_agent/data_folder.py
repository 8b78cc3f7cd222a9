"""The user's folder, reached without ever following a link that user code planted.

Every path is walked component by component from a descriptor of the folder, with
`O_NOFOLLOW`; what is opened is checked by its descriptor. Blocking calls: the
service runs them in threads.
"""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cellblock_agent.text import printable

MAX_DEPTH = 16
"""Folders below the data folder that are looked into."""
TEMPORARY = ".cellblock-"
"""Beginning of the names of files that are being written."""
FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class BadPathError(Exception):
    """A path that no file of the data folder can have."""


class NotPlainError(Exception):
    """Something is there, but it is not a plain file."""


@dataclass(frozen=True)
class Entry:
    """Something that lies in the data folder."""

    path: str
    """Relative to the folder."""
    info: os.stat_result
    link: str | None = None
    """Where a symbolic link leads."""


class DataFolder:
    """Reads, writes, links, lists and removes below one folder."""

    def __init__(self, path: Path, inputs: Path) -> None:
        """Open `path`; links into `inputs` are attachments."""
        self._root = os.open(path, FOLDER_FLAGS)
        self._inputs = inputs

    def open(self, path: str) -> BinaryIO:
        """A plain file, or an attachment, for reading.

        Raises BadPathError, FileNotFoundError or NotPlainError.
        """
        with self._parent(path) as (folder, name):
            try:
                opened = os.open(name, FILE_FLAGS, dir_fd=folder)
            except FileNotFoundError:
                raise
            except OSError as error:
                opened = self._open_input(folder, name, error)
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            os.close(opened)
            raise NotPlainError(f"{printable(path)} is not a plain file")
        return os.fdopen(opened, "rb")

    def create(self, path: str) -> "NewFile":
        """Begin to write a file; missing folders are made. Raises BadPathError, NotPlainError."""
        parts = _parts(path)
        folder = os.dup(self._root)
        for part in parts[:-1]:
            folder = _enter(folder, part, make=True)
        return NewFile(folder, parts[-1])

    def link(self, name: str, target: str) -> None:
        """Make a symbolic link. Raises BadPathError or FileExistsError."""
        with self._parent(name) as (folder, last):
            os.symlink(target, last, dir_fd=folder)

    def input_target(self, name: str) -> str:
        """Where the link to an attachment leads. Raises FileNotFoundError if there is none."""
        path = self._inputs / _parts(name)[-1]
        if not path.is_file():
            raise FileNotFoundError(path)
        return str(path)

    def exists(self, path: str) -> bool:
        """Whether there is anything, a dangling link included. Raises BadPathError."""
        try:
            self.stat(path)
        except FileNotFoundError:
            return False
        return True

    def stat(self, path: str) -> os.stat_result:
        """What is there, links not followed. Raises FileNotFoundError or BadPathError."""
        with self._parent(path) as (folder, name):
            return os.stat(name, dir_fd=folder, follow_symlinks=False)

    def remove(self, path: str) -> None:
        """Remove a file or link. Raises BadPathError, FileNotFoundError or NotPlainError."""
        with self._parent(path) as (folder, name):
            try:
                os.unlink(name, dir_fd=folder)
            except (IsADirectoryError, PermissionError) as error:
                raise NotPlainError(f"{printable(path)} is a folder") from error

    def walk(self) -> Iterator[Entry]:
        """All that lies in the folder but folders, in no order; to MAX_DEPTH.

        Folders that are deeper, or can't be read, come as entries themselves.
        """
        yield from self._walk(os.dup(self._root), "", MAX_DEPTH)

    def is_input(self, entry: Entry) -> bool:
        """Whether an entry is a link to an attachment."""
        return entry.link is not None and Path(entry.link).parent == self._inputs

    def input_info(self, entry: Entry) -> os.stat_result | None:
        """The attachment that an entry links to, None if it is gone."""
        try:
            return (self._inputs / Path(entry.link or "").name).stat()
        except FileNotFoundError:
            return None

    def _walk(self, folder: int, above: str, depth: int) -> Iterator[Entry]:
        try:
            with os.scandir(folder) as children:
                for child in children:
                    if child.name.startswith(TEMPORARY):
                        continue
                    try:
                        yield from self._visit(folder, child.name, above, depth)
                    except FileNotFoundError:
                        continue  # removed meanwhile by code that runs on
        finally:
            os.close(folder)

    def _visit(self, folder: int, name: str, above: str, depth: int) -> Iterator[Entry]:
        path = above + name
        info = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISDIR(info.st_mode) and depth > 0:
            try:
                inner = os.open(name, FOLDER_FLAGS, dir_fd=folder)
            except PermissionError:
                yield Entry(path, info)
                return
            except NotADirectoryError:
                return  # swapped meanwhile
            yield from self._walk(inner, f"{path}/", depth - 1)
        elif stat.S_ISLNK(info.st_mode):
            yield Entry(path, info, os.readlink(name, dir_fd=folder))
        else:
            yield Entry(path, info)

    def _open_input(self, folder: int, name: str, error: OSError) -> int:
        """Open what a link to an attachment leads to; nothing else that a link may say."""
        try:
            target = Path(os.readlink(name, dir_fd=folder))
        except OSError:
            raise NotPlainError(f"{printable(name)} is not a plain file") from error
        if target.parent != self._inputs:
            raise NotPlainError(f"{printable(name)} is a link") from error
        return os.open(self._inputs / target.name, FILE_FLAGS)

    @contextmanager
    def _parent(self, path: str) -> Iterator[tuple[int, str]]:
        parts = _parts(path)
        folder = os.dup(self._root)
        for part in parts[:-1]:
            folder = _enter(folder, part, make=False)
        try:
            yield folder, parts[-1]
        finally:
            os.close(folder)


class NewFile:
    """A file that is being written: it appears whole, or not at all."""

    def __init__(self, folder: int, name: str) -> None:
        """Use `DataFolder.create`."""
        self._folder = folder
        self._name = name
        self._temporary = TEMPORARY + secrets.token_hex(8)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._file = os.fdopen(os.open(self._temporary, flags, 0o644, dir_fd=folder), "wb")
        except BaseException:
            os.close(folder)
            raise

    def write(self, data: bytes) -> None:
        """Add bytes. Raises OSError when the folder is full."""
        self._file.write(data)

    def publish(self, *, exclusive: bool) -> os.stat_result:
        """Give it its name. Raises FileExistsError if `exclusive`, or if a folder has it."""
        self._file.flush()
        if exclusive:
            os.link(
                self._temporary,
                self._name,
                src_dir_fd=self._folder,
                dst_dir_fd=self._folder,
                follow_symlinks=False,
            )
        else:
            try:
                os.rename(
                    self._temporary, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder
                )
            except IsADirectoryError as error:
                raise FileExistsError(self._name) from error
        return os.fstat(self._file.fileno())

    def close(self) -> None:
        """Forget what has not been published."""
        self._file.close()
        try:
            os.unlink(self._temporary, dir_fd=self._folder)
        except FileNotFoundError:
            pass
        finally:
            os.close(self._folder)


def _enter(folder: int, part: str, *, make: bool) -> int:
    """A folder's descriptor for one below it; closes the first."""
    try:
        if make:
            with suppress(FileExistsError):
                os.mkdir(part, 0o755, dir_fd=folder)
        return os.open(part, FOLDER_FLAGS, dir_fd=folder)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise NotPlainError(f"{printable(part)} is not a folder") from error
    finally:
        os.close(folder)


def _parts(path: str) -> list[str]:
    parts = path.split("/")
    if "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise BadPathError(f"{printable(path)!r} is not a path below the data folder")
    if len(parts) > MAX_DEPTH:
        raise BadPathError(f"{printable(path)!r} is more than {MAX_DEPTH} folders deep")
    return parts
