"""Unix sockets that the server listens on."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOCKET_MODE = 0o600


class ListenError(Exception):
    """The address can't be listened on."""


@contextmanager
def only_for_this_user() -> Iterator[None]:
    """Make sockets that nobody else may connect to.

    From the first moment on: a caller that got in earlier would stay in.
    """
    mask = os.umask(0o777 & ~SOCKET_MODE)
    try:
        yield
    finally:
        os.umask(mask)


def clear_dead_socket(path: Path) -> None:
    """Remove what a killed server left; leave one that answers alone. Raises ListenError."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise ListenError(f"can't listen on unix:{path}: another server does")
