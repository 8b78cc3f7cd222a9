"""Attacks on networks: nothing outside the sandbox is reachable, and few socket types exist."""

import secrets
import socket
from collections.abc import Iterator

import psutil
import pytest

from cellblock_client import Client
from tests.support.inside import PRELUDE, Attack, Inside, Unprotected

ANY = ("1.1.1.1", "169.254.169.254", "100.100.100.200", "224.0.0.1", "255.255.255.255")
"""A server on the internet, two clouds' metadata, all hosts of a network."""
ANY_V6 = ("2606:4700:4700::1111", "fd00:ec2::254")
USABLE = {"AF_UNIX": [0], "AF_INET": [0, 6, 17], "AF_INET6": [0, 6, 17], "AF_NETLINK": [0]}
"""Protocols: the default one, TCP, UDP; for netlink routes."""

SOCKETS = {
    "raw": Attack("call('socket', 2, 3, 1)"),
    "raw IPv6": Attack("call('socket', 10, 3, 58)"),
    "raw, any protocol": Attack("call('socket', 2, 3, 255)"),
    "ping": Attack("call('socket', 2, 2, 1)"),
    "packet": Attack("call('socket', 17, 3, 0x300)"),
    "hypervisor": Attack("call('socket', 40, 1, 0)"),
    "kernel's cryptography": Attack("call('socket', 38, 5, 0)"),
    "multipath TCP": Attack("call('socket', 2, 1, 262)"),
    "netlink: audit": Attack("call('socket', 16, 3, 9)"),
    "netlink: netfilter": Attack("call('socket', 16, 3, 12)"),
    "netlink: devices": Attack("call('socket', 16, 3, 15)"),
    "netlink: any family": Attack("call('socket', 16, 3, 16)"),
    # The kernel ignores the upper half of the register; the profile does not.
    "packet, in disguise": Attack("call('socket', 17 | 1 << 32, 3, 0x300)"),
    "raw, in disguise": Attack("call('socket', 2, 3, 1 | 1 << 32)"),
}


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A socket that listens on every address of the host; no connection may arrive."""
    with socket.create_server(("", 0)) as listening:
        listening.setblocking(False)
        yield listening


@pytest.fixture(scope="module")
def unrefused(outside: Unprotected) -> dict[str, str]:
    """Outcomes of the attacks without protection."""
    outcomes = outside.outcomes([attack.code for attack in SOCKETS.values()])
    return dict(zip(SOCKETS, outcomes, strict=True))


@pytest.mark.parametrize("name", SOCKETS)
def test_a_socket_is_refused(inside: Inside, unrefused: dict[str, str], name: str) -> None:
    assert inside.outcome(SOCKETS[name].code) == SOCKETS[name].refused
    assert unrefused[name] != SOCKETS[name].refused


def test_no_other_family_or_protocol_can_be_had(inside: Inside) -> None:
    """All are tried, because a filter with several rules for one call is not obvious."""
    made = inside.run(
        "made = {}\n"
        "for family in range(64):\n"
        "    for protocol in range(300):\n"
        "        for kind in (1, 2, 3, 5):\n"
        "            try: call('socket', family, kind, protocol)\n"
        "            except OSError as error:\n"
        "                if error.errno == errno.EPERM: continue\n"
        "            made.setdefault(socket.AddressFamily(family).name, set()).add(protocol)\n"
        "print({name: sorted(protocols) for name, protocols in made.items()})"
    )
    assert made.strip() == str(USABLE)


def test_no_address_can_be_reached(inside: Inside) -> None:
    outcomes = inside.run(
        "def reach(address, kind, port):\n"
        "    family = socket.AF_INET6 if ':' in address else socket.AF_INET\n"
        "    with socket.socket(family, kind) as s:\n"
        "        s.settimeout(2)\n"
        "        s.connect((address, port)); s.send(b'x')\n"
        f"for address in {(*ANY, *ANY_V6)}:\n"
        "    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):\n"
        "        for port in (53, 80):\n"
        "            print(attempt(f'reach({address!r}, {int(kind)}, {port})'))"
    )
    assert len(outcomes.split()) == 28
    # A broadcast without permission to is refused before anybody looks for a route.
    assert set(outcomes.split()) <= {"ENETUNREACH", "EADDRNOTAVAIL", "EACCES"}


def test_the_host_can_not_be_reached(inside: Inside, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    addresses = {
        item.address
        for items in psutil.net_if_addrs().values()
        for item in items
        if item.family == socket.AF_INET and not item.address.startswith("127.")
    }
    assert addresses
    for address in addresses:
        with socket.create_connection((address, port), timeout=5):
            listener.accept()[0].close()  # from here it can be reached
    outcomes = inside.run(
        f"for address in {sorted(addresses)}:\n"
        f"    print(attempt(f'socket.create_connection(({{address!r}}, {port}), 2)'))\n"
        f"print(attempt('socket.create_connection((\"127.0.0.1\", {port}), 2)'))"
    ).split()
    assert set(outcomes[:-1]) == {"ENETUNREACH"}
    assert outcomes[-1] == "ECONNREFUSED"  # the sandbox's own loopback
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_names_are_not_resolved(inside: Inside) -> None:
    found = inside.run(
        "for name in ('example.com', 'host.docker.internal', 'metadata.google.internal'):\n"
        "    try: print(socket.getaddrinfo(name, 80))\n"
        "    except socket.gaierror as error: print(error.errno == socket.EAI_AGAIN)"
    )
    assert found.split() == ["True"] * 3


def test_an_abstract_socket_is_its_own_sandboxs_and_not_the_hosts(
    inside: Inside, client: Client
) -> None:
    name = f"\0canary-{secrets.token_hex(8)}"
    bound = f"import socket; s = socket.socket(socket.AF_UNIX); s.bind({name!r}); s.listen()"
    connect = f"socket.socket(socket.AF_UNIX).connect({name!r})"
    with client.sessions.create() as other, socket.socket(socket.AF_UNIX) as hosts:
        other.run(bound)
        assert other.run(connect).error is None
        hosts.bind(name)
        hosts.listen()
        assert inside.run(f"print(attempt({connect!r}))").strip() == "ECONNREFUSED"


def test_interfaces_can_be_seen_and_not_changed(inside: Inside, outside: Unprotected) -> None:
    # RTM_NEWLINK for a dummy interface; the kernel's answer is an error number.
    code = (
        "def new_link():\n"
        "    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0); s.bind((0, 0))\n"
        "    info = struct.pack('=HH', 9, 1) + b'dummy\\0\\0\\0'\n"
        "    body = bytes(16) + struct.pack('=HH', 4 + len(info), 18) + info\n"
        "    s.send(struct.pack('=IHHII', 16 + len(body), 16, 0x605, 1, 0) + body)\n"
        "    number = -struct.unpack_from('=i', s.recv(999), 16)[0]\n"
        "    if number: raise OSError(number, '')\n"
        "print([name for _, name in socket.if_nameindex()], attempt('new_link()'))"
    )
    names, outcome = inside.run(code).rsplit(maxsplit=1)
    assert (names, outcome) == ("['lo']", "EPERM")
    assert outside.run(PRELUDE + code).split()[-1] != "EPERM"
    for device in ("/dev/net/tun", "/dev/vhost-net", "/dev/vsock"):
        assert inside.outcome(f"os.open({device!r}, os.O_RDWR)") == "ENOENT"
