"""Strangers that open connections to HTTP listeners and send nothing."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from cellblock_server.console.listener import MAX_CONNECTIONS as CONSOLE
from cellblock_server.telemetry.scraping import MAX_CONNECTIONS as METRICS
from tests.security.test_console_requests import LIST, stranger_at, token_of
from tests.support.scraped import METRICS as SHOWN
from tests.support.scraped import address as metrics_address
from tests.support.server import ServerProcess

SECONDS = 20


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = ServerProcess(
        tmp_path_factory.mktemp("server"),
        {
            "CELLBLOCK_SANDBOX__BACKEND": "local",
            "CELLBLOCK_CONSOLE__LISTEN": "127.0.0.1:0",
            **SHOWN,
        },
    )
    server.start()
    yield server
    server.stop()


class Strangers:
    """Open connections that send nothing."""

    def __init__(self, address: str, count: int) -> None:
        host, _, port = address.rpartition(":")
        self._address = (host, int(port))
        self._stack = ExitStack()
        self.all = [self._one() for _ in range(count)]

    def __enter__(self) -> "Strangers":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _one(self) -> socket.socket:
        connected = socket.create_connection(self._address, SECONDS)
        return self._stack.enter_context(connected)


def ended(connection: socket.socket) -> bool:
    """Wait for its end, or for something that is sent."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_console_users_stay_connected_and_others_can_log_in(at: ServerProcess) -> None:
    browser = stranger_at(at)
    assert browser.log_in(token_of(at)).status == 200
    kept = http.client.HTTPConnection(browser.address, timeout=SECONDS)
    try:
        assert listed(kept, browser.cookie) == 200
        connected = kept.sock
        with Strangers(browser.address, CONSOLE) as strangers:
            assert ended(strangers.all[0])
            assert stranger_at(at).log_in(token_of(at)).status == 200
            assert listed(kept, browser.cookie) == 200
            assert kept.sock is connected
    finally:
        kept.close()


def test_metrics_can_be_read_meanwhile(at: ServerProcess) -> None:
    address = metrics_address(at)
    with Strangers(address, METRICS + 1) as strangers:
        assert ended(strangers.all[0])
        connection = http.client.HTTPConnection(address, timeout=SECONDS)
        try:
            connection.request("GET", "/metrics")
            assert connection.getresponse().status == 200
        finally:
            connection.close()


def listed(connection: http.client.HTTPConnection, cookie: str) -> int:
    address = f"{connection.host}:{connection.port}"
    headers = {
        "Origin": f"http://{address}",
        "Sec-Fetch-Site": "same-origin",
        "Content-Type": "application/json",
        "Cookie": cookie,
    }
    connection.request("POST", LIST, b"{}", headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status
