"""The systemd unit's command and variables start a server, which notifies when it is ready."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cellblock_client import Client
from tests.support.notified import Listener, listening
from tests.support.service_unit import environment, service

PROGRAM = "/opt/cellblock/venv/bin"
CONFIGURATION = "/etc/cellblock/config.toml"
STOP_SECONDS = 60


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder with a short path: a Unix socket's path has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="cellblock-") as folder:
        yield Path(folder)


@contextmanager
def started(folder: Path, listener: Listener) -> Iterator[subprocess.Popen[bytes]]:
    """The unit's service, with folders of a test's own, and without an engine."""
    configuration = folder / "config.toml"
    configuration.write_text(
        f'[server]\nlisten = "unix:{folder}/api.sock"\n[sandbox]\nbackend = "local"\n'
    )
    (command,) = service()["ExecStart"]
    command = command.replace(PROGRAM, str(Path(sys.executable).parent))
    command = command.replace(CONFIGURATION, str(configuration))
    assert command.split()[0] != service()["ExecStart"][0].split()[0]
    own = {"/var/lib/cellblock": f"{folder}/state", "/run/cellblock": str(folder)}
    variables = environment()
    for theirs, ours in own.items():
        variables = {name: text.replace(theirs, ours) for name, text in variables.items()}
    process = subprocess.Popen(
        command.split(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **variables, **listener.environment},
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_SECONDS) == 0


def test_the_service_is_ready_when_it_notifies_systemd(short_folder: Path) -> None:
    with listening(short_folder) as listener, started(short_folder, listener):
        assert listener.next() == "READY=1"
        with Client(f"unix:{short_folder}/api.sock") as client:
            with client.sessions.create() as session:
                assert session.run("6 * 7").text == "42"
            health = environment()["CELLBLOCK_SERVER__HEALTH_SOCKET"]
            assert (short_folder / Path(health).name).is_socket()


def test_the_service_notifies_systemd_that_it_stops(short_folder: Path) -> None:
    with listening(short_folder) as listener:
        with started(short_folder, listener):
            assert listener.next() == "READY=1"
        assert listener.next() == "STOPPING=1"
