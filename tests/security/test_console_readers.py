"""Browsers that request a session's log or a file and read nothing of it."""

import json
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cellblock_client import Client
from tests.security.test_console_requests import CONSOLE, SECONDS, Browser, stranger_at, token_of
from tests.support.server import ServerProcess
from tests.support.timed_server import COMMAND, timed_environment

pytestmark = pytest.mark.slow
LINES = 6000
READERS = 2
FLOOD = f"for n in range({LINES}): print('x' * 999)"
"""6 MB: more than fits between a server and a browser that does not read."""
LARGE = bytes(32 * 2**20)
"""Content that is also more than fits between them."""
SMALL_BUFFER = 4096
WRITE_SECONDS = 3.0
"""Longer than a browser that reads is kept waiting on a busy machine."""
BUSY_SECONDS = 60
"""Timeout on a busy machine."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    environment = {
        **CONSOLE,
        "CELLBLOCK_SANDBOX__BACKEND": "local",
        "CELLBLOCK_EXECUTIONS__MAX_TEXT_BYTES": "16 MiB",
    }
    timings = timed_environment({"console": {"write": WRITE_SECONDS}})
    server = ServerProcess(tmp_path, {**timings, **environment}, COMMAND)
    server.start()
    yield server
    server.stop()


@pytest.mark.timeout(180)
def test_unread_console_streams_are_ended_and_can_be_resumed(server: ServerProcess) -> None:
    browser = stranger_at(server)
    assert browser.log_in(token_of(server)).status == 200
    with Client(server.address) as client, client.sessions.create() as session, ExitStack() as all_:
        assert len(session.run(FLOOD).stdout) == LINES * 1000
        session.files.write("large", LARGE)
        log, file = (f"/api/sessions/{session.id}/{what}" for what in ("log", "file?path=large"))
        began = time.monotonic()
        wanted = [log] * READERS + [file]
        until_reset([all_.enter_context(unread(browser, path)) for path in wanted])
        assert time.monotonic() - began >= WRITE_SECONDS
        assert browser.send("GET", file).body == LARGE
        # The session is over, and so is its log.
        session.delete()
        assert shown(browser.send("GET", log).body) == LINES * 1000


def unread(browser: Browser, path: str) -> socket.socket:
    """Open a stream of which only the head is read."""
    host, _, port = browser.address.partition(":")
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
    opened.settimeout(SECONDS)
    opened.connect((host, int(port)))
    head = (f"GET {path} HTTP/1.1", f"Host: {browser.address}", f"Cookie: {browser.cookie}", "", "")
    opened.sendall("\r\n".join(head).encode())
    assert b" 200 " in opened.recv(64)
    return opened


def until_reset(readers: list[socket.socket]) -> None:
    """Wait until all are ended by the server, without reading what has come before."""
    ends = select.poll()
    for reader in readers:
        ends.register(reader, 0)
    left = len(readers)
    last = time.monotonic() + WRITE_SECONDS + BUSY_SECONDS
    while left:
        ended = ends.poll((last - time.monotonic()) * 1000)
        assert ended, f"{left} are open still"
        for descriptor, _ in ended:
            ends.unregister(descriptor)
        left -= len(ended)


def shown(body: bytes) -> int:
    """Return the number of characters of standard output in a complete log."""
    *lines, last = [line for line in body.decode().splitlines() if line[:1] in ("e", "d")]
    assert last == "data: {}", last
    items = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    return sum(
        len(event["stdout"]["text"])
        for item in items
        for event in item.get("events", [])
        if "stdout" in event
    )
