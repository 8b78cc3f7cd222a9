"""The agent's socket path: checked before the server sends anything to it."""

import errno
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from cellblock_server.backends.errors import HostileSandboxError
from cellblock_server.backends.shared_folder import agent_socket
from cellblock_server.backends.shared_folder.agent_socket import PinnedSocket
from cellblock_server.backends.shared_folder.agent_transport import connect_agent
from cellblock_server.backends.shared_folder.folder import SandboxFolder
from cellblock_server.common.errors import UnavailableError


@pytest.fixture
def folder() -> Iterator[Path]:
    # A short path, because the path of a Unix socket has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="cb-") as name:
        yield Path(name)


@pytest.fixture
def listening(folder: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "agent.sock"))
        server.listen()
        yield server


def test_link_is_refused(folder: Path, listening: socket.socket) -> None:
    (folder / "agent.sock").rename(folder / "other")
    (folder / "agent.sock").symlink_to(folder / "other")
    with pytest.raises(HostileSandboxError, match="not a socket"):
        PinnedSocket(folder, None)


@pytest.mark.parametrize("make", [Path.touch, Path.mkdir, os.mkfifo])
def test_other_file_type_is_refused(folder: Path, make: Callable[[Path], None]) -> None:
    make(folder / "agent.sock")
    with pytest.raises(HostileSandboxError, match="not a socket"):
        PinnedSocket(folder, None)


def test_listener_that_is_not_the_agent_is_refused(folder: Path, listening: socket.socket) -> None:
    PinnedSocket(folder, os.getpid()).close()
    with pytest.raises(HostileSandboxError, match=r"listens, not the agent \(1\)"):
        PinnedSocket(folder, 1)


def test_listener_with_a_full_queue_is_refused_without_waiting(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as waiting:
        server.bind(str(folder / "agent.sock"))
        server.listen(0)
        waiting.connect(str(folder / "agent.sock"))
        with pytest.raises(HostileSandboxError, match="does not accept"):
            PinnedSocket(folder, os.getpid())


def test_listener_with_the_agents_user_and_groups_is_refused(
    folder: Path, listening: socket.socket
) -> None:
    """Code in a plain container has the agent's user; only some runtimes give it another one."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as first:
        with pytest.raises(HostileSandboxError, match="listens, not the agent"):
            PinnedSocket(folder, first.pid)
        first.communicate()


def test_socket_replaced_after_the_check_is_not_used(
    folder: Path, listening: socket.socket
) -> None:
    pinned = PinnedSocket(folder, None)
    (folder / "agent.sock").unlink()
    with socket.socket(socket.AF_UNIX) as impostor:
        impostor.bind(str(folder / "agent.sock"))
        impostor.listen()
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(pinned.target.removeprefix("unix:"))
            listening.accept()[0].close()
    pinned.close()


async def test_agent_that_was_connected_to_before_is_not_waited_for(folder: Path) -> None:
    sandbox = SandboxFolder.create(folder, "sbx_1", "token")
    sandbox.seal()
    with pytest.raises(HostileSandboxError, match="No such file"):
        await connect_agent(sandbox, None)


async def test_folder_is_sealed_before_its_socket_is_checked(folder: Path) -> None:
    sandbox = SandboxFolder.create(folder, "sbx_1", "token")
    (sandbox.agent / "agent.sock").symlink_to("/var/run/docker.sock")
    with pytest.raises(HostileSandboxError, match="not a socket"):
        await connect_agent(sandbox, None)
    assert sandbox.is_sealed()


async def test_missing_folder_is_refused(folder: Path) -> None:
    with pytest.raises(HostileSandboxError, match="No such file"):
        await connect_agent(SandboxFolder(folder / "sbx_1"), None)


def test_folder_is_sealed_and_removed(folder: Path) -> None:
    sandbox = SandboxFolder.create(folder, "sbx_1", "token")
    assert sandbox.path.stat().st_mode & 0o777 == 0o700
    assert sandbox.agent.stat().st_mode & 0o777 == 0o777
    sandbox.seal()
    assert sandbox.agent.stat().st_mode & 0o777 == 0o700
    (sandbox.agent / "planted").symlink_to("/etc/passwd")
    sandbox.remove()
    sandbox.remove()
    assert list(folder.iterdir()) == []
    assert Path("/etc/passwd").exists()


LACKS = [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC, errno.EAGAIN]


def lacking(number: int) -> Callable[..., NoReturn]:
    def fail(*_arguments: object, **_options: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("number", LACKS)
def test_lack_of_descriptors_is_not_taken_for_a_hostile_sandbox(
    folder: Path, listening: socket.socket, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "open", lacking(number))
    with pytest.raises(UnavailableError, match=os.strerror(number)):
        PinnedSocket(folder, None)


@pytest.mark.parametrize("number", LACKS)
def test_lack_of_descriptors_for_the_probe_is_not_taken_for_a_hostile_sandbox(
    folder: Path, listening: socket.socket, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(socket, "socket", lacking(number))
    with pytest.raises(UnavailableError, match=os.strerror(number)):
        PinnedSocket(folder, os.getpid())


@pytest.mark.parametrize("number", LACKS)
async def test_lack_of_inotify_instances_is_not_taken_for_a_hostile_sandbox(
    folder: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    shared = SandboxFolder.create(folder, "sbx_1", "token")
    monkeypatch.setattr(agent_socket, "Inotify", lacking(number))
    with pytest.raises(UnavailableError, match=os.strerror(number)):
        await connect_agent(shared, None)


async def test_sealed_folder_is_not_sealed_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk that is read-only by now, that would fail."""
    shared = SandboxFolder.create(folder, "sbx_1", "token")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(shared.agent / "agent.sock"))
        server.listen()
        (await connect_agent(shared, None)).close()
        monkeypatch.setattr(Path, "chmod", lacking(errno.EROFS))
        (await connect_agent(shared, None)).close()
