"""Access to the data directory that never follows a link which user code created.

Every path is walked component by component from a descriptor of the directory, with `O_NOFOLLOW`;
what is opened is checked by its descriptor. The calls block: the service runs them in threads.
"""

import errno
import os
import stat
import threading
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from cellblock_agent.files.new_entries import NewFile, NewFolder, temporary_name
from cellblock_agent.files.open_watch import OpenWatch
from cellblock_agent.files.paths import (
    KINDS,
    MAX_DEPTH,
    UNKNOWN_KIND,
    NoAccessError,
    NotPlainError,
    parts_of,
    unreadable_reason,
)
from cellblock_agent.files.tree import remove_tree
from cellblock_agent.files.walk import Entry, ScanBounds, Walk, open_folder
from cellblock_agent.output.text import escape_unprintable

FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class DataFolder:
    """Directory of the user's files: reads, writes, links, lists and removes entries."""

    def __init__(self, path: Path, inputs: Path) -> None:
        """Open `path`; links into `inputs` are attachments."""
        self._root = open_folder(path)
        self.open_watch = OpenWatch()
        """Watch on the files that other processes open; scans add further directories."""
        self.open_watch.watch_folder("", self._root, os.fstat(self._root))
        self._inputs = inputs
        self._hidden: set[str] = set()
        """Names of entries that the agent itself is creating or removing."""

    def open(self, path: str) -> BinaryIO:
        """Open a plain file, or an attachment, for reading.

        Raises BadPathError, FileNotFoundError or NotPlainError.
        """
        with self.open_parent(path) as (folder, name):
            try:
                with self.open_watch.exclude_own_opening(path):
                    opened = os.open(name, FILE_FLAGS, dir_fd=folder)
            except FileNotFoundError:
                raise
            except OSError as error:
                opened = self._open_input(folder, name, path, error)
        mode = stat.S_IFMT(os.fstat(opened).st_mode)
        if mode != stat.S_IFREG:
            os.close(opened)
            raise NotPlainError(f"{escape_unprintable(path)} {KINDS.get(mode, UNKNOWN_KIND)}")
        return os.fdopen(opened, "rb")

    def create(self, path: str) -> NewFile:
        """Begin to write a file; create missing parents. Raises BadPathError, NotPlainError."""
        *above, name = parts_of(path)
        return NewFile(self._folder(above, make=True), name, self._hidden)

    def create_folder(self, path: str) -> NewFolder:
        """Begin to fill a new directory, or this one if `path` is empty; create missing parents.

        Raises BadPathError, NotPlainError or FileExistsError.
        """
        if not path:
            return NewFolder(self._folder([], make=False), "", self._hidden)
        *above, name = parts_of(path, max_parts=MAX_DEPTH)
        if self.exists(path):
            raise FileExistsError(path)
        return NewFolder(self._folder(above, make=True), name, self._hidden)

    def make_folder(self, path: str) -> os.stat_result:
        """Create a directory and its missing parents; leave an existing one unchanged.

        Raises BadPathError, FileExistsError if something else has its name, NotPlainError if
        something else has the name of a parent.
        """
        *above, name = parts_of(path, max_parts=MAX_DEPTH)
        folder = self._folder(above, make=True)
        try:
            with suppress(FileExistsError):
                os.mkdir(name, 0o755, dir_fd=folder)
            info = os.stat(name, dir_fd=folder, follow_symlinks=False)
        finally:
            os.close(folder)
        if not stat.S_ISDIR(info.st_mode):
            raise FileExistsError(path)
        return info

    def link(self, name: str, target: str) -> None:
        """Create a symbolic link. Raises BadPathError or FileExistsError."""
        with self.open_parent(name) as (folder, last):
            os.symlink(target, last, dir_fd=folder)

    def input_target(self, name: str) -> str:
        """Return the target of an attachment's link. Raises FileNotFoundError if there is none."""
        path = self._inputs / parts_of(name)[-1]
        if not path.is_file():
            raise FileNotFoundError(path)
        return str(path)

    def open_input(self, name: str) -> BinaryIO:
        """Open an attachment by its name. Raises BadPathError or FileNotFoundError."""
        return os.fdopen(os.open(self._inputs / parts_of(name)[-1], FILE_FLAGS), "rb")

    def free_bytes(self) -> int:
        """Return the free space of the directory."""
        free = os.fstatvfs(self._root)
        return free.f_bavail * free.f_frsize

    def exists(self, path: str) -> bool:
        """Return whether the path exists, dangling links included. Raises BadPathError."""
        try:
            self.stat(path)
        except FileNotFoundError:
            return False
        return True

    def stat(self, path: str) -> os.stat_result:
        """Return an entry's status, also a link's. Raises FileNotFoundError or BadPathError."""
        with self.open_parent(path) as (folder, name):
            return os.stat(name, dir_fd=folder, follow_symlinks=False)

    def find(self, path: str) -> Entry:
        """Return an entry; the directory itself for an empty path.

        Raises BadPathError, FileNotFoundError or NotPlainError.
        """
        if not path:
            return Entry(path, os.fstat(self._root))
        with self.open_parent(path) as (folder, name):
            info = os.stat(name, dir_fd=folder, follow_symlinks=False)
            is_link = stat.S_ISLNK(info.st_mode)
            return Entry(path, info, os.readlink(name, dir_fd=folder) if is_link else None)

    def move(self, path: str, new_path: str, *, overwrite: bool) -> None:
        """Rename an entry, and create missing parents of its new path.

        Raises BadPathError, FileNotFoundError, FileExistsError or NotPlainError.
        """
        *above, new_name = parts_of(new_path)
        self.stat(path)
        if new_path == path:
            return
        if new_path.startswith(f"{path}/"):
            raise NotPlainError(f"{escape_unprintable(path)} can't be moved into itself")
        if not overwrite and self.exists(new_path):
            raise FileExistsError(new_path)
        target = self._folder(above, make=True)
        try:
            with self.open_parent(path) as (folder, name):
                os.rename(name, new_name, src_dir_fd=folder, dst_dir_fd=target)
        except OSError as error:
            if error.errno in (errno.EISDIR, errno.ENOTDIR):
                raise FileExistsError(new_path) from error
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            message = f"{escape_unprintable(new_path)} is a folder that is not empty"
            raise NotPlainError(message) from error
        finally:
            os.close(target)

    def set_mode(self, path: str, mode: int) -> None:
        """Set the permissions of a plain file or directory.

        Raises BadPathError, FileNotFoundError or NotPlainError.
        """
        with self.open_parent(path) as (folder, name):
            entry = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        try:
            kind = os.fstat(entry).st_mode
            if stat.S_ISLNK(kind):
                what = "a read-only attachment" if self.input_of(self.find(path)) else "a link"
                raise NotPlainError(f"{escape_unprintable(path)} is {what}")
            if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
                raise NotPlainError(f"{escape_unprintable(path)} is not a plain file or folder")
            # chmod has no other way to avoid following a link.
            os.chmod(f"/proc/self/fd/{entry}", mode)  # noqa: PTH101 - not a path
        finally:
            os.close(entry)

    def remove(self, path: str) -> None:
        """Remove a file, a link or an empty directory.

        Raises BadPathError, FileNotFoundError or NotPlainError.
        """
        with self.open_parent(path) as (folder, name):
            try:
                os.unlink(name, dir_fd=folder)
            except IsADirectoryError:
                try:
                    os.rmdir(name, dir_fd=folder)
                except OSError as error:
                    if error.errno != errno.ENOTEMPTY:
                        raise
                    message = f"{escape_unprintable(path)} is a folder that is not empty"
                    raise NotPlainError(message) from error

    @contextmanager
    def hide_until_removed(self, path: str) -> Iterator[None]:
        """Take an entry's name away for this block, and remove the entry at its end.

        So it disappears immediately, however long the removal of its content takes. Raises
        BadPathError, FileNotFoundError, or OSError if it can't be removed.
        """
        with self.open_parent(path) as (folder, name):
            temporary = temporary_name()
            self._hidden.add(temporary)
            try:
                os.rename(name, temporary, src_dir_fd=folder, dst_dir_fd=folder)
                yield
                try:
                    os.unlink(temporary, dir_fd=folder)
                except IsADirectoryError:
                    remove_tree(folder, temporary)
            finally:
                self._hidden.discard(temporary)

    def walk(
        self,
        bounds: ScanBounds,
        *,
        folder: str = "",
        after: str = "",
        depth: int = 0,
        pruned: Container[str] = (),
        stop: threading.Event | None = None,
    ) -> Walk:
        """Return a walk through the directory, or through one below it, after a path.

        Directories named in `pruned` are skipped.

        Raises BadPathError, FileNotFoundError or NotPlainError.
        """
        above = parts_of(folder, max_parts=MAX_DEPTH) if folder else []
        return Walk(
            self._folder(above, make=False),
            tuple(above),
            bounds,
            hidden=self._hidden,
            pruned=pruned,
            after=tuple(after.split("/")) if after else (),
            depth=depth,
            stop=stop,
        )

    def watch_folder(self, path: str, info: os.stat_result) -> None:
        """Watch a directory for files that are opened in it. Raises OSError or NotPlainError."""
        if self.open_watch.is_watched(path, info):
            return
        folder = self._folder(path.split("/"), make=False)
        try:
            self.open_watch.watch_folder(path, folder, os.fstat(folder))
        finally:
            os.close(folder)

    def input_of(self, entry: Entry) -> str:
        """Return the name of the attachment that an entry links to; empty if it links to none."""
        if entry.link is None:
            return ""
        target = Path(entry.link)
        return target.name if target.parent == self._inputs else ""

    def input_info(self, entry: Entry) -> os.stat_result | None:
        """Return the status of the attachment that an entry links to; None if there is none."""
        if not (name := self.input_of(entry)):
            return None
        try:
            return (self._inputs / name).stat()
        except OSError:
            return None

    @contextmanager
    def open_parent(self, path: str) -> Iterator[tuple[int, str]]:
        """Yield the open parent directory of a path, and the name in it. Raises as `open`."""
        *above, name = parts_of(path)
        folder = self._folder(above, make=False)
        try:
            yield folder, name
        finally:
            os.close(folder)

    def _open_input(self, folder: int, name: str, path: str, error: OSError) -> int:
        """Open the target of a link to an attachment; refuse anything else, with the reason."""
        try:
            target = Path(os.readlink(name, dir_fd=folder))
        except OSError:
            reason = _refusal(folder, name, error)
            raise NotPlainError(f"{escape_unprintable(path)} {reason}") from error
        if target.parent != self._inputs:
            raise NotPlainError(f"{escape_unprintable(path)} is a link") from error
        return os.open(self._inputs / target.name, FILE_FLAGS)

    def _folder(self, parts: list[str], *, make: bool) -> int:
        # Not a duplicate: two concurrent listings must not share a position in the directory.
        folder = open_folder(".", self._root)
        for part in parts:
            folder = _enter(folder, part, make=make)
        return folder


def _refusal(folder: int, name: str, error: OSError) -> str:
    """Return why something that is not a link can't be opened."""
    try:
        mode = stat.S_IFMT(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return unreadable_reason(error)
    return unreadable_reason(error) if mode == stat.S_IFREG else KINDS.get(mode, UNKNOWN_KIND)


def _enter(folder: int, part: str, *, make: bool) -> int:
    """Return the descriptor of a subdirectory, and close that of its parent."""
    try:
        if make:
            with suppress(FileExistsError):
                os.mkdir(part, 0o755, dir_fd=folder)
        try:
            return open_folder(part, folder)
        except PermissionError as error:
            reason = unreadable_reason(error)
            raise NoAccessError(f"{escape_unprintable(part)} is a folder that {reason}") from error
    except OSError as error:
        if error.errno not in (errno.ENOTDIR, errno.ELOOP):
            raise
        raise NotPlainError(f"{escape_unprintable(part)} is not a folder") from error
    finally:
        os.close(folder)
