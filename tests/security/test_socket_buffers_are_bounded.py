"""Data buffered in a sandbox's own sockets is bounded, though no process's memory counts it."""

import pytest

from cellblock_client import Client, Limits

MIB = 2**20
MOST_PAGES = 160 * MIB // 4096
"""Linux gives each socket a little over the limit."""

TCP = """
import socket
listening, kept, queued = socket.create_server(('127.0.0.1', 0), backlog=300), [], 0
for _ in range(200):
    one = socket.create_connection(listening.getsockname())
    other, _address = listening.accept()
    one.setblocking(False); other.setblocking(False)
    for end in (one, other):
        try:
            while queued < 700 * 2**20: queued += end.send(bytes(2**20))
        except OSError: pass
    kept += [one, other]
"""
UDP = """
import socket
kept = []
for _ in range(400):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.bind(('127.0.0.1', 0)); one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**22)
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); other.setblocking(False)
    try:
        for _ in range(60): other.sendto(bytes(60000), one.getsockname())
    except OSError: pass
    kept.append(one)
"""
PAGES = """
lines = dict(line.split(': ', 1) for line in open('/proc/net/sockstat'))
print(*(lines[name].split()[-1] for name in ('TCP', 'UDP')))
"""


@pytest.mark.unless_runtime("runsc", "its sockets are its own, and count as its memory")
@pytest.mark.parametrize("code", [TCP, UDP], ids=["TCP", "UDP"])
def test_socket_buffers_use_less_than_the_sandboxs_memory(client: Client, code: str) -> None:
    with client.sessions.create(limits=Limits(memory_bytes=256 * MIB)) as session:
        result = session.run(code + PAGES)
        if result.failure is None:  # else it counted as memory, and ran out
            assert sum(map(int, result.stdout.split())) < MOST_PAGES
        assert session.run("1 + 1").text == "2"
