"""The server's own secret: without it, what the database knows of keys is of no use."""

import os
import secrets
from pathlib import Path

from cellblock_server.store.state_folder import StateFolderError

BYTES = 32
MODE = 0o600
OTHERS = 0o077
"""What nobody but the owner may have."""


def server_secret(path: Path) -> bytes:
    """The secret that lies at `path`, made there the first time.

    Raises StateFolderError if others may read it, or if it is not one.
    """
    try:
        if not path.exists():
            _make(path)
        mode = path.stat().st_mode
        if mode & OTHERS:
            raise StateFolderError(
                f"{path}: others than its owner may use it (mode {mode & 0o777:o}): "
                "make new keys if they did, then chmod 600"
            )
        secret = path.read_bytes()
    except OSError as error:
        raise StateFolderError(f"{path}: {error.strerror}") from error
    if len(secret) != BYTES:
        raise StateFolderError(f"{path}: must have {BYTES} bytes, has {len(secret)}")
    return secret


def _make(path: Path) -> None:
    """Whole or not at all, and only once: two secrets would make keys of two kinds."""
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(BYTES))
            file.flush()
            os.fsync(descriptor)
        try:
            path.hardlink_to(fresh)
        except FileExistsError:
            return  # another process was first
    finally:
        fresh.unlink()
