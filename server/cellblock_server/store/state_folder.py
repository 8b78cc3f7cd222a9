"""State folder of a server: used by one server at a time, with a permanent identity."""

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
    """Folder for everything that must survive a restart of the server."""

    path: Path
    instance: str
    """Id that separates this folder's containers from those of other servers on the same engine."""

    @property
    def blobs(self) -> Path:
        """Return the folder of stored files' bytes."""
        return self.path / "blobs"

    @property
    def blob_cache(self) -> Path:
        """Return the folder of cached blobs for a remote store; see `blobs/blob_cache.py`."""
        return self.path / "blob-cache"

    @property
    def database_mark(self) -> Path:
        """Return the file that marks that a database existed; see `store/file_check.py`."""
        return self.path / "database-made"

    @property
    def secret(self) -> Path:
        """Return the file with the secret that key hashes use; see `tenants/secret.py`."""
        return self.path / "secret"

    @property
    def clock(self) -> Path:
        """Return the file with the start of the steady clock; see `clock.py`."""
        return self.path / "clock"

    @property
    def sandboxes(self) -> Path:
        """Return the folder that has a subfolder for each sandbox."""
        return self.path / "run"


@contextmanager
def state_folder(path: Path) -> Iterator[StateFolder]:
    """Lock the folder for as long as the block runs. Raises StateFolderError."""
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
    """Return the folder, created if missing, without a lock: a server may be using it.

    Raises StateFolderError.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
        return StateFolder(path, _instance(path / "instance"))
    except OSError as error:
        raise StateFolderError(f"server.state_dir: {path}: {error.strerror}") from error


def _instance(file: Path) -> str:
    # Two processes that start at the same time must read the same: another id orphans every
    # container.
    with folder_lock(file.with_suffix(".lock")):
        if not file.exists():
            # Written completely or not at all, for the same reason.
            fresh = file.with_suffix(".new")
            fresh.write_text(new_id(""))
            fresh.replace(file)
        return file.read_text()
