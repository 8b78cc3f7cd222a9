"""Paths below `/mnt/data`, as callers write them."""

from cellblock_server.common.errors import InvalidArgumentError
from cellblock_server.files.messages import DATA_FOLDER
from cellblock_server.files.names import check_filename

MAX_PATH_BYTES = 1024


def data_path(field: str, path: str) -> str:
    """A path below `/mnt/data`, relative to it.

    Raises InvalidArgumentError that names `field` for one that leads elsewhere or nowhere.
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
    """As `data_path`, with `/mnt/data` itself as the empty path, and `/` at the end ignored."""
    path = path.rstrip("/")
    return "" if path in ("", DATA_FOLDER) else data_path(field, path)
