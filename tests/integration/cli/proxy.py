"""A TCP proxy that closes each connection after a given number of bytes."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PIECE = 65536


class Proxy:
    """Forwards bytes between callers and one server."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.breaks: list[tuple[str, int]] = []
        """The next connections break after so many bytes `up` or `down`."""
        self.connections = 0
        self._open: list[socket.socket] = []

    def serve(self) -> None:
        """Accept connections until the proxy is closed."""
        with suppress(OSError):
            while True:
                caller, _ = self._listener.accept()
                self.connections += 1
                server = _connected(self._server)
                self._open += [caller, server]
                way, most = self.breaks.pop(0) if self.breaks else ("", 0)
                for name, source, sink in (("up", caller, server), ("down", server, caller)):
                    limit = most if way == name else None
                    threading.Thread(target=_pass_on, args=(source, sink, limit)).start()

    def cut(self) -> None:
        """Cut all open connections."""
        _shut(self._open)
        self._open.clear()

    def close(self) -> None:
        """Accept no more connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def _connected(server: str) -> socket.socket:
    if server.startswith("unix:"):
        connected = socket.socket(socket.AF_UNIX)
        connected.connect(server.removeprefix("unix:"))
        return connected
    host, _, port = server.rpartition(":")
    return socket.create_connection((host, int(port)))


def _pass_on(source: socket.socket, sink: socket.socket, limit: int | None) -> None:
    passed = 0
    with suppress(OSError):
        while (limit is None or passed < limit) and (data := source.recv(PIECE)):
            sink.sendall(data)
            passed += len(data)
    _shut([source, sink])


def _shut(ends: list[socket.socket]) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def breaking(server: str) -> Iterator[Proxy]:
    """A proxy in front of a server."""
    proxy = Proxy(server)
    thread = threading.Thread(target=proxy.serve)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()
