"""A parent process that receives a service's notifications, like systemd with `Type=notify`."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECONDS = 60


class Listener:
    """Receives a service's notifications."""

    def __init__(self, name: str, heard: socket.socket) -> None:
        self.environment = {"NOTIFY_SOCKET": name}
        self._heard = heard

    def next(self) -> str:
        """Return the next notification when it comes."""
        return self._heard.recv(4096).decode()


@contextmanager
def listening(folder: Path) -> Iterator[Listener]:
    """Listen at a socket in `folder`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.settimeout(SECONDS)
        name = str(folder / "notify")
        heard.bind(name)
        yield Listener(name, heard)
