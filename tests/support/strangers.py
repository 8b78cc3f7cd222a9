"""Attacks by callers without a key on a server's listener, bounded in number and time.

As a program, so that an attack shares no interpreter with its victim:
`python -m tests.support.strangers NAME ADDRESS SECONDS`.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.support.http2 import DATA, Connection, call, frame, message, reset

PATH = "/cellblock.v1.SessionService/ListSessions"
ATTACKER = "127.0.0.2"
"""Source address of attacks; a client's connections come from 127.0.0.1."""
ANNOUNCED = 8 * 2**20
"""Size of the message that is announced: what a server accepts by default."""
PIECE = 2**14
GROUPS = 16
"""Number of groups of open streams: one group gets more bytes at a time."""
BATCH = 50
"""Number of calls sent together."""
MAX_CONNECTIONS = 20_000
WAIT_SECONDS = 0.2
PAUSE_SECONDS = 0.05


@dataclass
class Attack:
    """Connections of one attacker, which replaces those that the server ends."""

    address: str
    seconds: float
    connections: int
    source: str = ATTACKER

    def __post_init__(self) -> None:
        """Set the end of the attack."""
        self._end = time.monotonic() + self.seconds
        self.opened: list[Connection | None] = [None] * self.connections
        self.streams = [1] * self.connections
        """The next stream of each."""
        self.total = 0
        """Connections opened so far."""

    @property
    def goes_on(self) -> bool:
        """Whether there is time left."""
        return time.monotonic() < self._end

    def connection(self, index: int) -> Connection | None:
        """Return an open connection; None if none can be opened now."""
        found = self.opened[index]
        if found is not None and not is_open(found):
            found = None
        if found is None and self.total < MAX_CONNECTIONS:
            try:
                found = Connection(self.address, self.source, WAIT_SECONDS)
            except OSError:
                # Not as fast as it goes: this must not be what takes the machine's time.
                time.sleep(PAUSE_SECONDS)
            self.streams[index] = 1
            self.total += 1
        self.opened[index] = found
        return found

    def close(self) -> None:
        """Close all connections."""
        for each in self.opened:
            if each is not None:
                each.socket.close()


def hold_messages_back(attack: Attack) -> None:
    """Announce large messages on many streams, and send more and more, but never all."""
    position = 0
    while attack.goes_on:
        for index in range(attack.connections):
            connection = attack.connection(index)
            if connection is None:
                continue
            stream = attack.streams[index]
            attack.streams[index] += 2
            begun = call(stream, PATH) + message(stream, announced=ANNOUNCED)
            old = range(1 + 2 * (position % GROUPS), stream, 2 * GROUPS)
            more = b"".join(frame(DATA, 0, each, bytes(PIECE)) for each in old)
            connection.send(begun + more)
        position += 1


def hold_connections(attack: Attack) -> None:
    """Hold connections open, and send nothing after HTTP/2's preface."""
    while attack.goes_on:
        for index in range(attack.connections):
            if attack.goes_on:
                attack.connection(index)
        time.sleep(PAUSE_SECONDS)


def flood(attack: Attack) -> None:
    """Make complete calls as fast as the server accepts them."""
    _send_batches(attack, lambda stream: call(stream, PATH) + message(stream))


def reset_rapidly(attack: Attack) -> None:
    """Make calls and reset each immediately."""
    _send_batches(attack, lambda stream: call(stream, PATH) + message(stream) + reset(stream))


def _send_batches(attack: Attack, made: Callable[[int], bytes]) -> None:
    while attack.goes_on:
        for index in range(attack.connections):
            connection = attack.connection(index)
            if connection is None:
                continue
            first = attack.streams[index]
            attack.streams[index] += 2 * BATCH
            connection.send(b"".join(made(first + 2 * more) for more in range(BATCH)))


def is_open(connection: Connection) -> bool:
    """Whether the server keeps the connection open; discards received data."""
    if connection.socket.fileno() < 0:
        return False
    connection.socket.setblocking(False)
    try:
        while connection.socket.recv(2**18):
            pass
    except BlockingIOError:
        connection.socket.settimeout(WAIT_SECONDS)
        return True
    except OSError:
        pass
    connection.socket.close()
    return False


ATTACKS: dict[str, tuple[Callable[[Attack], None], int]] = {
    "hold_messages_back": (hold_messages_back, 2),
    "hold_connections": (hold_connections, 600),
    "flood": (flood, 4),
    "reset_rapidly": (reset_rapidly, 1),
}
"""Attacks by name, each with the number of its concurrent connections."""


@contextmanager
def attacking(
    name: str, address: str, seconds: float, source: str = ATTACKER
) -> Iterator[subprocess.Popen[bytes]]:
    """Run an attack in a process of its own; it is ended with the block."""
    command = [sys.executable, "-m", __name__, name, address, str(seconds), source]
    with subprocess.Popen(command) as process:
        try:
            yield process
        finally:
            process.terminate()


def main(name: str, address: str, seconds: str, source: str) -> None:
    """Run the attack that the arguments name."""
    run, connections = ATTACKS[name]
    attack = Attack(address, float(seconds), connections, source)
    try:
        run(attack)
    finally:
        attack.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
