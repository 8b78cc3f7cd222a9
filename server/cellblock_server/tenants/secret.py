"""The server's own secret, without which the key hashes in the database are useless."""

import os
import secrets
from pathlib import Path

from cellblock_server.store.state_folder import StateFolderError

BYTES = 32
MODE = 0o600
OTHERS = 0o077
"""Permissions that only the owner may have."""


def server_secret(path: Path) -> bytes:
    """Return the secret in the file `path`; create it the first time.

    Raises StateFolderError if other users can access it, or if its length is wrong.
    """
    try:
        if not path.exists():
            _make(path)
        mode = path.stat().st_mode
        if mode & OTHERS:
            raise StateFolderError(
                f"{path}: other users can access it (mode {mode & 0o777:o}): "
                "run chmod 600, and replace the API keys if the secret may have leaked"
            )
        secret = path.read_bytes()
    except OSError as error:
        raise StateFolderError(f"{path}: {error.strerror}") from error
    if len(secret) != BYTES:
        raise StateFolderError(f"{path}: must have {BYTES} bytes, has {len(secret)}")
    return secret


def _make(path: Path) -> None:
    """Create the secret atomically and only once: with two secrets, keys would not verify."""
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
