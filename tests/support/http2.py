"""HTTP/2 frames written by hand, for requests that no well-behaved client sends.

Source: RFC 9113 (frames), RFC 7541 (headers, as literals without compression).
"""

import socket
import struct
from collections.abc import Iterator

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS = 0x1, 0x1, 0x4
CANCEL = 8
WINDOW = 2**30
CONNECT_SECONDS = 20.0


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Return one frame."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def header(name: str, value: str) -> bytes:
    """Encode one header as a literal that is not indexed; both parts have less than 127 bytes."""
    encoded = [part.encode() for part in (name, value)]
    return b"\x00" + b"".join(bytes([len(part)]) + part for part in encoded)


def opening(authority: str) -> bytes:
    """Return the first bytes of a connection: large windows, so that no answer waits."""
    settings = struct.pack(">HI", 4, WINDOW)
    grown = struct.pack(">I", WINDOW)
    return PREFACE + frame(SETTINGS, 0, 0, settings) + frame(WINDOW_UPDATE, 0, 0, grown)


def call(stream: int, path: str, **more: str) -> bytes:
    """Return the headers of a gRPC call."""
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": path,
        ":authority": "localhost",
        "te": "trailers",
        "content-type": "application/grpc",
        **more,
    }
    block = b"".join(header(name, value) for name, value in fields.items())
    return frame(HEADERS, END_HEADERS, stream, block)


def message(stream: int, body: bytes = b"", *, announced: int | None = None) -> bytes:
    """Return a gRPC message in one frame; it can announce more bytes than it has."""
    length = len(body) if announced is None else announced
    last = END_STREAM if announced is None else 0
    return frame(DATA, last, stream, struct.pack(">BI", 0, length) + body)


def reset(stream: int) -> bytes:
    """Return the frame that cancels a call."""
    return frame(RST_STREAM, 0, stream, struct.pack(">I", CANCEL))


class Connection:
    """One connection, whose frames are read as they come."""

    def __init__(self, address: str, source: str = "", seconds: float = CONNECT_SECONDS) -> None:
        """Connect to `host:port`, from the address `source` if one is given. Raises OSError."""
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection(
            (host.strip("[]"), int(port)), seconds, (source, 0) if source else None
        )
        self.socket.sendall(opening(address))
        self._buffer = b""

    def __enter__(self) -> "Connection":
        """Return the connection, which the block closes."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.socket.close()

    def send(self, data: bytes) -> bool:
        """Send all bytes; return whether the connection still accepted them."""
        try:
            self.socket.sendall(data)
        except OSError:
            return False
        return True

    def read(self, seconds: float) -> Iterator[tuple[int, int, int, bytes]]:
        """Yield frames as kind, flags, stream, payload, until EOF or `seconds` of silence."""
        self.socket.settimeout(seconds)
        while True:
            while len(self._buffer) >= 9:
                length = int.from_bytes(self._buffer[:3], "big")
                if len(self._buffer) < 9 + length:
                    break
                kind, flags, stream = struct.unpack(">BBI", self._buffer[3:9])
                payload, self._buffer = self._buffer[9 : 9 + length], self._buffer[9 + length :]
                if kind == SETTINGS and not flags & ACK:
                    self.send(frame(SETTINGS, ACK, 0))
                yield kind, flags, stream, payload
            try:
                more = self.socket.recv(2**18)
            except TimeoutError:
                return
            except OSError:
                return
            if not more:
                return
            self._buffer += more
