"""What the agent puts into the data folder: it appears whole, or not at all.

Until then it has a name that nobody looks at: `hidden` has the names of what is being
made right now, and of nothing else, so that no code can hide a file by its name.
"""

import os
import secrets
import threading
from abc import ABC, abstractmethod
from contextlib import suppress

from cellblock_agent.files.tree import remove_tree
from cellblock_agent.files.walk import open_folder

FILE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class NewEntry(ABC):
    """Something that is being made under a hidden name."""

    def __init__(self, folder: int, name: str, hidden: set[str]) -> None:
        """Make it in `folder`, which it takes over, to be `name` later."""
        self._folder = folder
        self._name = name
        self._hidden = hidden
        self._temporary = temporary_name()
        # A thread may still be at it when its caller has gone, and closes it.
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
        """Remove what has not been published. Raises OSError."""
        with self._lock:
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
        """Make it under its temporary name; its descriptor."""

    @abstractmethod
    def _remove(self) -> None:
        """Remove it from under its temporary name."""

    def _check_open(self) -> None:
        if not self._is_open:
            raise FileNotFoundError(self._name)

    def _rename(self) -> None:
        os.rename(self._temporary, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)


class NewFile(NewEntry):
    """A file that is being written. Use `DataFolder.create`."""

    def write(self, data: bytes) -> None:
        """Add bytes. Raises OSError when the folder is full."""
        with self._lock:
            self._check_open()
            view = memoryview(data)
            while view:
                view = view[os.write(self.descriptor, view) :]

    def publish(self, *, exclusive: bool) -> os.stat_result:
        """Give it its name. Raises FileExistsError if `exclusive`, or if a folder has it."""
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
    """A folder that is being filled. Use `DataFolder.create_folder`."""

    def publish(self) -> None:
        """Give it its name. Raises FileExistsError if that is taken."""
        with self._lock:
            self._check_open()
            # A folder takes the place of an empty one, but of nothing else.
            os.mkdir(self._name, 0o755, dir_fd=self._folder)
            try:
                self._rename()
            except OSError as error:
                with suppress(OSError):
                    os.rmdir(self._name, dir_fd=self._folder)
                raise FileExistsError(self._name) from error

    def _make(self) -> int:
        os.mkdir(self._temporary, 0o755, dir_fd=self._folder)
        return open_folder(self._temporary, self._folder)

    def _remove(self) -> None:
        remove_tree(self._folder, self._temporary)


def temporary_name() -> str:
    """A name that nothing has."""
    return f".cellblock-{secrets.token_hex(8)}"
