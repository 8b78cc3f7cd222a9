"""The server's folder on disk: one server at a time, and the same identity for ever."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout

from cellblock_server.common.folder_lock import folder_lock
from cellblock_server.common.ids import new_id


class StateFolderError(Exception):
    """The folder can't be used."""


@dataclass(frozen=True)
class StateFolder:
    """Where a server keeps what must outlive it."""

    path: Path
    instance: str
    """Tells this folder's containers from those of other servers on the same engine."""

    @property
    def blobs(self) -> Path:
        """Stored files' bytes."""
        return self.path / "blobs"

    @property
    def blob_cache(self) -> Path:
        """Some of them, where they lie elsewhere; see `blobs/blob_cache.py`."""
        return self.path / "blob-cache"

    @property
    def database_mark(self) -> Path:
        """Tells that there was a database; see `store/file_check.py`."""
        return self.path / "database-made"

    @property
    def secret(self) -> Path:
        """What keys' hashes are made with; see `tenants/secret.py`."""
        return self.path / "secret"

    @property
    def clock(self) -> Path:
        """What the steady clock began with; see `clock.py`."""
        return self.path / "clock"

    @property
    def sandboxes(self) -> Path:
        """A folder for each sandbox."""
        return self.path / "run"


@contextmanager
def state_folder(path: Path) -> Iterator[StateFolder]:
    """Hold the folder for as long as the block runs. Raises StateFolderError."""
    state = shared_state_folder(path)
    lock = folder_lock(path / "lock")
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise StateFolderError(
            f"server.state_dir: another server uses {path}; give each its own"
        ) from error
    except OSError as error:
        raise StateFolderError(f"server.state_dir: {path}: {error.strerror}") from error
    try:
        yield state
    finally:
        lock.release()


def shared_state_folder(path: Path) -> StateFolder:
    """The folder, made if there is none, without holding it: a server may be running on it.

    Raises StateFolderError.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
        return StateFolder(path, _instance(path / "instance"))
    except OSError as error:
        raise StateFolderError(f"server.state_dir: {path}: {error.strerror}") from error


def _instance(file: Path) -> str:
    # Of two that come at once, both must read the same: another identity orphans every container.
    with folder_lock(file.with_suffix(".lock")):
        if not file.exists():
            # Whole or not at all, for the same reason.
            fresh = file.with_suffix(".new")
            fresh.write_text(new_id(""))
            fresh.replace(file)
        return file.read_text()
