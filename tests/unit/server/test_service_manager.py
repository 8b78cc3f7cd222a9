"""Notifications to the service manager, including one that doesn't listen."""

import socket
from pathlib import Path
from secrets import token_hex

import pytest
from structlog.testing import capture_logs

from cellblock_server.ops.service_manager import READY, SOCKET, notify_service_manager


def test_abstract_socket_is_notified(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"cellblock-test-{token_hex(8)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(f"\0{name}")
        monkeypatch.setenv(SOCKET, f"@{name}")
        notify_service_manager(READY)
        assert heard.recv(100) == READY


def test_missing_listener_is_logged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(SOCKET, str(tmp_path / "nobody"))
    with capture_logs() as lines:
        notify_service_manager(READY)
    assert [line["event"] for line in lines] == ["service_manager_not_told"]


def test_nothing_is_logged_without_a_service_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SOCKET, raising=False)
    with capture_logs() as lines:
        notify_service_manager(READY)
    assert lines == []
