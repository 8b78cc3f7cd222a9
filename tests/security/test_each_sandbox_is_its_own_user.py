"""Limits that Linux counts per user are counted separately for each sandbox."""

import pytest

from cellblock_client import Client
from cellblock_client.client import Session

IN_FLIGHT = """
import array, os, socket
one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
file, pairs, sent = os.open('/dev/null', os.O_RDONLY), [], 0
try:
    for _ in range(20):
        pairs.append(socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))
        for _ in range(8):
            socket.send_fds(pairs[-1][0], [b'x'], [file] * 250); sent += 250
except OSError as error: print(error.strerror)
print(sent > 1000)
"""
"""Code that sends more descriptors in unread messages than one process may have open."""
SEND = """
import os, socket
one, other = socket.socketpair()
socket.send_fds(one, [b'x'], [0]); len(socket.recv_fds(other, 1, 1)[1])
"""


@pytest.fixture
def neighbour(client: Client) -> Session:
    return client.sessions.create()


@pytest.mark.unless_runtime("runsc", "its kernel counts for itself")
def test_descriptors_in_flight_in_one_sandbox_do_not_count_for_others(
    session: Session, neighbour: Session
) -> None:
    with neighbour:
        assert session.run(IN_FLIGHT).stdout == "Too many references: cannot splice\nTrue\n"
        assert session.run(SEND).error is not None
        assert neighbour.run(SEND).text == "1"


def test_two_sandboxes_have_two_users_with_one_name(session: Session, neighbour: Session) -> None:
    look = "import getpass, os, pwd; getpass.getuser(), pwd.getpwuid(os.getuid()).pw_name"
    with neighbour:
        for one in (session, neighbour):
            assert one.run(look).text == "('sandbox', 'sandbox')"
        users = {one.run("os.getuid(), os.stat('.').st_uid").text for one in (session, neighbour)}
        assert len(users) == 2
