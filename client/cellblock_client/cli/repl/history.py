"""History of typed lines, kept from one REPL to the next."""

import os
import sys
from pathlib import Path

from prompt_toolkit.history import FileHistory, History, InMemoryHistory

MAX_BYTES = 2**20
"""Maximum size of the file: over it, the older half is removed."""
ENTRY = b"\n# "
"""Beginning of an entry in `FileHistory`'s format."""


def open_history(folder: Path) -> History:
    """Open the history in `folder`, which only the user can read, because lines may be secret.

    If the folder can't be used, the history lasts for this REPL only.
    """
    path = folder / "repl-history"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o600))
        if path.stat().st_size > MAX_BYTES:
            _forget_older_half(path)
    except OSError as error:
        sys.stderr.write(f"[history is not saved: {path}: {error.strerror}]\n")
        return InMemoryHistory()
    return FileHistory(str(path))


def _forget_older_half(path: Path) -> None:
    data = path.read_bytes()[-MAX_BYTES // 2 :]
    newer = path.with_suffix(f".{os.getpid()}")
    newer.touch(0o600)
    newer.write_bytes(data[max(0, data.find(ENTRY)) :])
    newer.replace(path)
