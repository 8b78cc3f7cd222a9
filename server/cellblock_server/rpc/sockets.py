"""Unix sockets that the server listens on."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOCKET_MODE = 0o600


class ListenError(Exception):
    """The server can't listen on the address."""


@contextmanager
def only_for_this_user() -> Iterator[None]:
    """Create sockets within the block that only this user may connect to.

    From the first moment: an earlier connection would stay open.
    """
    mask = os.umask(0o777 & ~SOCKET_MODE)
    try:
        yield
    finally:
        os.umask(mask)


def clear_dead_socket(path: Path) -> None:
    """Remove the socket of a killed server; leave one that responds. Raises ListenError."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise ListenError(f"can't listen on unix:{path}: another server does")
