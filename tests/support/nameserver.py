"""A real DNS server on this machine with scripted answers. Only root may use port 53."""

import ipaddress
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

A, AAAA = 1, 28
HEADER = struct.Struct("!6H")
RESPONSE, NO_SUCH_NAME = 0x8180, 3


def question(message: bytes) -> tuple[str, int, bytes]:
    """Return name and type of a question, and its bytes; RFC 1035, 4.1.2."""
    labels, at = [], HEADER.size
    while length := message[at]:
        labels.append(message[at + 1 : at + 1 + length].decode())
        at += 1 + length
    (kind,) = struct.unpack_from("!H", message, at + 1)
    return ".".join(labels).lower(), kind, message[HEADER.size : at + 5]


def answer(message: bytes, addresses: list[str] | None) -> bytes:
    """Return a DNS answer with the addresses of the wanted type, with a time to live of 0."""
    _name, kind, asked = question(message)
    known = [ipaddress.ip_address(address) for address in addresses or ()]
    version = {A: 4, AAAA: 6}.get(kind)
    wanted = [address.packed for address in known if address.version == version]
    flags = RESPONSE | (NO_SUCH_NAME if addresses is None else 0)
    (number,) = struct.unpack_from("!H", message)
    records = b"".join(
        b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 0, len(packed)) + packed for packed in wanted
    )
    return HEADER.pack(number, flags, 1, len(wanted), 0, 0) + asked + records


@contextmanager
def name_server(
    address: str, names: dict[str, list[str]], *, in_turn: bool = False
) -> Iterator[None]:
    """Answer at `address` from `names`; `in_turn`, one address an answer, the last for ever.

    What was asked for is added to `names["asked"]`.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, 53))

        def serve() -> None:
            while True:
                message, sender = server.recvfrom(4096)
                if not message:
                    return
                name, kind, _asked = question(message)
                names.setdefault("asked", []).append(name)
                addresses = names.get(name)
                if in_turn and addresses is not None and kind == A:
                    addresses = [addresses.pop(0) if len(addresses) > 1 else addresses[0]]
                server.sendto(answer(message, addresses), sender)

        thread = Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stopper:
                stopper.sendto(b"", (address, 53))
            thread.join()
