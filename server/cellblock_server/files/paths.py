"""Paths below `/mnt/data`, as callers write them."""

from cellblock_server.common.errors import InvalidArgumentError
from cellblock_server.files.messages import DATA_FOLDER
from cellblock_server.files.names import check_filename

MAX_PATH_BYTES = 1024


def data_path(field: str, path: str) -> str:
    """Return a path below `/mnt/data`, relative to it.

    Raises InvalidArgumentError that names `field` for a path that is malformed or leads elsewhere.
    """
    relative = path.removeprefix(f"{DATA_FOLDER}/")
    if len(relative.encode()) > MAX_PATH_BYTES:
        raise InvalidArgumentError(field, f"must be at most {MAX_PATH_BYTES} bytes")
    if not relative or relative.startswith("/"):
        raise InvalidArgumentError(field, f"must be below {DATA_FOLDER}, got {path!r}")
    for part in relative.split("/"):
        check_filename(field, part)
    return relative


def data_folder(field: str, path: str) -> str:
    """Return a path like `data_path`, ignoring a final `/`; empty for `/mnt/data` itself."""
    path = path.rstrip("/")
    return "" if path in ("", DATA_FOLDER) else data_path(field, path)
