"""Entries that the agent creates in the data directory: they appear complete, or not at all.

Until then an entry has a temporary name that scans skip: `hidden` has only the names of entries in
progress, so that no code can hide a file by its name.
"""

import hashlib
import os
import secrets
import threading
from abc import ABC, abstractmethod
from contextlib import suppress

from cellblock_agent.files.tree import remove_tree
from cellblock_agent.files.walk import open_folder

FILE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class NewEntry(ABC):
    """Entry that is being created under a hidden name."""

    def __init__(self, folder: int, name: str, hidden: set[str]) -> None:
        """Create it in `folder`, which it takes over, to be published as `name`."""
        self._folder = folder
        self._name = name
        self._hidden = hidden
        self._temporary = temporary_name()
        # A thread may still use it when its caller has left and closes it.
        self._lock = threading.Lock()
        self._is_open = True
        hidden.add(self._temporary)
        try:
            self.descriptor = self._make()
        except BaseException:
            hidden.discard(self._temporary)
            os.close(folder)
            raise

    def close(self) -> None:
        """Remove the entry unless it is published. Raises OSError. May be called again."""
        with self._lock:
            if not self._is_open:
                return
            self._is_open = False
            os.close(self.descriptor)
            try:
                with suppress(FileNotFoundError):
                    self._remove()
            finally:
                self._hidden.discard(self._temporary)
                os.close(self._folder)

    @abstractmethod
    def _make(self) -> int:
        """Create the entry under its temporary name, and return its descriptor."""

    @abstractmethod
    def _remove(self) -> None:
        """Remove the entry under its temporary name."""

    def _check_open(self) -> None:
        if not self._is_open:
            raise FileNotFoundError(self._name)

    def _rename(self) -> None:
        os.rename(self._temporary, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)


class NewFile(NewEntry):
    """File that is being written. Use `DataFolder.create`."""

    def __init__(self, folder: int, name: str, hidden: set[str]) -> None:
        """Create it in `folder`, which it takes over, to be published as `name`."""
        super().__init__(folder, name, hidden)
        self._digest = hashlib.sha256()

    @property
    def digest(self) -> bytes:
        """SHA-256 of the bytes written so far."""
        return self._digest.digest()

    def write(self, data: bytes) -> None:
        """Append bytes. Raises OSError when the directory is full."""
        with self._lock:
            self._check_open()
            self._digest.update(data)
            view = memoryview(data)
            while view:
                view = view[os.write(self.descriptor, view) :]

    def set_mode(self, mode: int) -> None:
        """Set the file's permissions."""
        with self._lock:
            self._check_open()
            os.fchmod(self.descriptor, mode)

    def publish(self, *, exclusive: bool) -> os.stat_result:
        """Give it its name. Raises FileExistsError for a directory or, if `exclusive`, a file."""
        with self._lock:
            self._check_open()
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
                    self._rename()
                except IsADirectoryError as error:
                    raise FileExistsError(self._name) from error
            return os.fstat(self.descriptor)

    def _make(self) -> int:
        return os.open(self._temporary, FILE_FLAGS, 0o644, dir_fd=self._folder)

    def _remove(self) -> None:
        os.unlink(self._temporary, dir_fd=self._folder)


class NewFolder(NewEntry):
    """Directory that is being filled. Use `DataFolder.create_folder`."""

    def publish(self) -> None:
        """Give it its name. Raises FileExistsError if the name is taken."""
        with self._lock:
            self._check_open()
            # A directory can replace an empty directory, but nothing else.
            os.mkdir(self._name, 0o755, dir_fd=self._folder)
            try:
                self._rename()
            except OSError as error:
                with suppress(OSError):
                    os.rmdir(self._name, dir_fd=self._folder)
                raise FileExistsError(self._name) from error

    def names(self) -> list[str]:
        """Return the names in the directory."""
        with os.scandir(self.descriptor) as entries:
            return sorted(entry.name for entry in entries)

    def publish_content(self) -> None:
        """Move the directory's entries to its parent.

        Raises FileExistsError, with the name, if one is taken; then none is moved.
        """
        with self._lock:
            self._check_open()
            names = self.names()
            for name in names:
                with suppress(FileNotFoundError):
                    os.stat(name, dir_fd=self._folder, follow_symlinks=False)
                    raise FileExistsError(name)
            for name in names:
                os.rename(name, name, src_dir_fd=self.descriptor, dst_dir_fd=self._folder)

    def _make(self) -> int:
        os.mkdir(self._temporary, 0o755, dir_fd=self._folder)
        return open_folder(self._temporary, self._folder)

    def _remove(self) -> None:
        remove_tree(self._folder, self._temporary)


def temporary_name() -> str:
    """Return a new, random name."""
    return f".cellblock-{secrets.token_hex(8)}"
