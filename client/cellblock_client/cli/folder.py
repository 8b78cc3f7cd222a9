"""Directory in which a command saves the files of an execution."""

from pathlib import Path

from cellblock_client.cli.words import plain
from cellblock_client.client import Client
from cellblock_client.errors import Error
from cellblock_client.types import File

NAME_TRIES = 1000


class Folder:
    """Directory of the user, created when needed. Nothing in it is overwritten."""

    def __init__(self, client: Client, path: Path) -> None:
        """Save in `path`."""
        self._client = client
        self._path = path

    def free_path(self, filename: str) -> Path:
        """Return an unused path in the directory, so that no file of the user is overwritten."""
        self._path.mkdir(parents=True, exist_ok=True)
        # The server made the name safe; only its last part is used nevertheless.
        name = Path(plain(filename)).name or "file"
        for number in range(1, NAME_TRIES):
            suffix = "" if number == 1 else f"-{number}"
            path = self._path / f"{Path(name).stem}{suffix}{Path(name).suffix}"
            if not path.exists():
                return path
        raise Error(f"{self._path} has too many files called {name}")

    def save(self, file: File) -> Path:
        """Save a stored file, and return its path."""
        path = self.free_path(file.filename)
        self._client.files.download(file.id, path)
        return path
