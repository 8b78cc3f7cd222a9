"""Addresses whose new connections the kernel drops for a while.

An accepted connection has already cost most of what it will: gRPC has read its calls, and Python
has to take each of them from a queue that all callers share. So connections are refused before: by
a socket filter on the listening socket, which needs no rights. Open connections do not pass the
filter.

Source: the kernel's Documentation/networking/filter.rst; include/uapi/linux/filter.h.
"""

import ctypes
import ipaddress
import socket
import struct
from collections.abc import Iterable, Iterator

SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27
MAX_ADDRESSES = 256
"""Addresses in one filter: the kernel takes 4,096 instructions."""
PREFIX_BYTES = 8
"""Length of the network part of an IPv6 address: a host owns all addresses of its network."""

_LOAD_WORD, _LOAD_HALF, _JUMP_EQUAL, _RETURN = 0x20, 0x28, 0x15, 0x06
_NETWORK_HEADER = 0x1_0000_0000 - 0x10_0000
_PROTOCOL = 0x1_0000_0000 - 0x1000
_IPV4, _IPV4_SOURCE, _IPV6_SOURCE = 0x0800, 12, 8
_DROP, _ACCEPT = 0, 0xFFFF_FFFF

Instruction = tuple[int, int, int, int]
"""Code, jump if true, jump if false, and operand."""


def network_of(host: str) -> bytes:
    """Return the part of an address that is banned: four bytes, or an IPv6 network's eight."""
    packed = ipaddress.ip_address(host.partition("%")[0]).packed
    return packed if len(packed) == 4 else packed[:PREFIX_BYTES]


def shown_network(network: bytes) -> str:
    """Return an address, or an IPv6 network, for people."""
    if len(network) == 4:
        return str(ipaddress.IPv4Address(network))
    return f"{ipaddress.IPv6Address(network.ljust(16, bytes(1)))}/{8 * PREFIX_BYTES}"


def set_banned(listening: Iterable[socket.socket], networks: Iterable[bytes]) -> None:
    """Have the kernel drop packets from `networks` to listening sockets. Raises OSError."""
    chosen = list(networks)[-MAX_ADDRESSES:]
    for each in listening:
        if chosen:
            _attach(each, filter_program(chosen))
        else:
            each.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)


def filter_program(networks: list[bytes]) -> list[Instruction]:
    """Return a program that drops packets from `networks`."""
    ipv4 = list(_match_ipv4([each for each in networks if len(each) == 4]))
    ipv6 = list(_match_ipv6([each for each in networks if len(each) != 4]))
    return [
        (_LOAD_HALF, 0, 0, _PROTOCOL),
        # Conditional jumps reach 255 instructions; the unconditional one reaches all.
        (_JUMP_EQUAL, 1, 0, _IPV4),
        (0x05, 0, 0, len(ipv4)),
        *ipv4,
        *ipv6,
        (_RETURN, 0, 0, _ACCEPT),
    ]


def _match_ipv4(addresses: list[bytes]) -> Iterator[Instruction]:
    yield (_LOAD_WORD, 0, 0, _NETWORK_HEADER + _IPV4_SOURCE)
    for address in addresses:
        yield (_JUMP_EQUAL, 0, 1, int.from_bytes(address, "big"))
        yield (_RETURN, 0, 0, _DROP)
    yield (_RETURN, 0, 0, _ACCEPT)


def _match_ipv6(networks: list[bytes]) -> Iterator[Instruction]:
    for network in networks:
        high, low = struct.unpack(">II", network)
        yield (_LOAD_WORD, 0, 0, _NETWORK_HEADER + _IPV6_SOURCE)
        yield (_JUMP_EQUAL, 0, 3, high)
        yield (_LOAD_WORD, 0, 0, _NETWORK_HEADER + _IPV6_SOURCE + 4)
        yield (_JUMP_EQUAL, 0, 1, low)
        yield (_RETURN, 0, 0, _DROP)


def _attach(listening: socket.socket, program: list[Instruction]) -> None:
    packed = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    held = ctypes.create_string_buffer(packed, len(packed))
    listening.setsockopt(
        socket.SOL_SOCKET,
        SO_ATTACH_FILTER,
        struct.pack("@HP", len(program), ctypes.addressof(held)),
    )
