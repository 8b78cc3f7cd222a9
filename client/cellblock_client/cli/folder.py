"""Directory in which a command saves the files of an execution."""

import os
from pathlib import Path, PurePosixPath

from cellblock_client.cli.words import plain
from cellblock_client.client import Client
from cellblock_client.errors import Error
from cellblock_client.types import File

NAME_TRIES = 1000
MAX_NAME_BYTES = 240
"""Maximum length of a name, so that a number fits into the 255 bytes of file systems."""
DATA_FOLDER = PurePosixPath("/mnt/data")


class Folder:
    """Directory of the user, created when needed. Nothing in it is overwritten."""

    def __init__(self, client: Client, path: Path) -> None:
        """Save in `path`."""
        self._client = client
        self._path = path

    def free_path(self, name: str) -> Path:
        """Return an unused path in the directory for a file name or a path of a session.

        Directories below `/mnt/data` are kept. A part that is taken gets a number: no file of the
        user is overwritten, and no link in the directory is followed.
        """
        *above, last = _parts_of(name)
        folder = self._path
        folder.mkdir(parents=True, exist_ok=True)
        for part in above:
            folder = _own_folder(folder, part)
        for path in _numbered(folder, last):
            if not os.path.lexists(path):
                return path
        raise Error(f"{folder} has too many files called {last}")

    def save(self, file: File) -> Path:
        """Save a stored file, and return its path."""
        path = self.free_path(file.path or file.filename)
        self._client.files.download(file.id, path)
        return path


def _parts_of(name: str) -> list[str]:
    """Return the parts of a path below `/mnt/data`, or of a name.

    The server made them safe; they lead nowhere else even if it did not.
    """
    path = PurePosixPath(name)
    if path.is_relative_to(DATA_FOLDER):
        path = path.relative_to(DATA_FOLDER)
    # The last part for this system, which may have more separators than the sandbox.
    parts = [Path(plain(part)).name for part in path.parts]
    return [_cut(part) for part in parts if part not in ("", "..")] or ["file"]


def _cut(part: str) -> str:
    """Return a name that is short enough, with its extension."""
    if len(part.encode()) <= MAX_NAME_BYTES:
        return part
    ending = Path(part).suffix if len(Path(part).suffix.encode()) <= MAX_NAME_BYTES // 4 else ""
    room = MAX_NAME_BYTES - len(ending.encode())
    return part.encode()[:room].decode(errors="ignore") + ending


def _own_folder(above: Path, name: str) -> Path:
    """Return a directory that is not a link; create it if needed."""
    for path in _numbered(above, name):
        if not os.path.lexists(path):
            path.mkdir()
        if path.is_dir() and not path.is_symlink():
            return path
    raise Error(f"{above} has too many entries called {name}")


def _numbered(folder: Path, name: str) -> list[Path]:
    stem, ending = Path(name).stem, Path(name).suffix
    numbered = [f"{stem}-{number}{ending}" for number in range(2, NAME_TRIES)]
    return [folder / name for name in (name, *numbered)]
