"""Methods of the Docker backend, against the real engine."""

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from cellblock_server.agent.connecting import connect_agent
from cellblock_server.backends.docker.backend import DockerBackend
from cellblock_server.backends.docker.seccomp import load_profile
from cellblock_server.backends.errors import HostileSandboxError
from cellblock_server.backends.sandbox import Overhead, SandboxLimits, SandboxSpec
from cellblock_server.backends.shared_folder.agent_socket import PinnedSocket
from cellblock_server.backends.shared_folder.folder import SandboxFolder
from cellblock_server.common.errors import NotFoundError
from cellblock_server.common.ids import new_id
from tests.support.engine import containers, docker
from tests.support.held_engine import held_engine
from tests.support.images import CORE, runtime

SECCOMP = load_profile("cellblock")
MIB = 2**20
LIMITS = SandboxLimits(256 * MIB, 1.0, 128, MIB, MIB, MIB, 1024, MIB)
OVERHEAD = Overhead(128 * MIB, 1024)
GIVE_UP_SECONDS = 1.0


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[DockerBackend]:
    backend = DockerBackend(tmp_path, new_id(""), ["--orphan-timeout=60"], seccomp=SECCOMP)
    await backend.start()
    yield backend
    for name in containers(backend._instance):
        await backend.destroy(name.removeprefix("cellblock-"))
    await backend.close()


async def test_a_sandbox_that_is_removed_while_it_is_measured_is_not_found(
    backend: DockerBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = SandboxSpec(new_id("sbx_"), CORE, runtime(), LIMITS, OVERHEAD)
    await backend.create(spec, secrets.token_urlsafe(32))
    with tempfile.TemporaryDirectory(prefix="cb-") as short:
        socket = Path(short) / "engine"
        async with held_engine(socket, b"/stats") as engine:
            monkeypatch.setenv("DOCKER_HOST", f"unix://{socket}")
            measuring = DockerBackend(tmp_path, new_id(""), [], seccomp=SECCOMP)
            stats = asyncio.create_task(measuring.stats(spec.id))
            await engine.came.wait()
            engine.go.set()
            await backend.destroy(spec.id)
            with pytest.raises(NotFoundError):
                await stats
            await measuring.close()


async def test_a_cancelled_creation_leaves_nothing_that_the_engine_makes_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory(prefix="cb-") as short:
        socket = Path(short) / "engine"
        async with held_engine(socket, b"/containers/create") as engine:
            monkeypatch.setenv("DOCKER_HOST", f"unix://{socket}")
            backend = DockerBackend(tmp_path, new_id(""), ["--orphan-timeout=60"], seccomp=SECCOMP)
            spec = SandboxSpec(new_id("sbx_"), CORE, runtime(), LIMITS, OVERHEAD)
            creation = asyncio.create_task(backend.create(spec, secrets.token_urlsafe(32)))
            await engine.came.wait()
            creation.cancel()
            # A container that the engine has not created yet can't be removed: removal has to wait.
            await asyncio.wait({creation}, timeout=GIVE_UP_SECONDS)
            assert not creation.done()
            engine.go.set()
            await engine.done.wait()
            with pytest.raises(asyncio.CancelledError):
                await creation
            await backend.close()
            monkeypatch.undo()
    assert containers(backend._instance) == []
    assert list(tmp_path.iterdir()) == []


async def test_two_servers_do_not_see_each_others_sandboxes(
    backend: DockerBackend, tmp_path: Path
) -> None:
    other = DockerBackend(tmp_path / "other", new_id(""), ["--orphan-timeout=60"], seccomp=SECCOMP)
    spec = SandboxSpec(new_id("sbx_"), CORE, runtime(), LIMITS, OVERHEAD)
    await backend.create(spec, secrets.token_urlsafe(32))
    assert await other.list() == []
    await other.close()


async def test_a_container_that_is_stopped_by_hand_ends_immediately(
    backend: DockerBackend,
) -> None:
    """A container whose agent ignores signals is killed without the engine's grace period."""
    spec, token = (
        SandboxSpec(new_id("sbx_"), CORE, runtime(), LIMITS, OVERHEAD),
        secrets.token_urlsafe(32),
    )
    sandbox = await backend.create(spec, token)
    agent = await connect_agent(backend, sandbox.id, token, timedelta(seconds=30))
    docker("stop", "--time=600", f"cellblock-{sandbox.id}")
    assert (await backend.wait(sandbox.id)).words == "exited with code 137"
    await agent.close()


async def test_a_forgotten_sandbox_ends_by_itself(tmp_path: Path) -> None:
    backend = DockerBackend(tmp_path, new_id(""), ["--orphan-timeout=1"], seccomp=SECCOMP)
    spec, token = (
        SandboxSpec(new_id("sbx_"), CORE, runtime(), LIMITS, OVERHEAD),
        secrets.token_urlsafe(32),
    )
    sandbox = await backend.create(spec, token)
    assert (await backend.wait(sandbox.id)).words == "exited with code 0"
    later = DockerBackend(tmp_path, backend._instance, [], seccomp=SECCOMP)
    assert await later.list() == []  # what has ended is removed
    await later.close()
    assert containers(backend._instance) == []
    await backend.close()


@pytest.mark.core
async def test_the_socket_of_another_sandbox_is_refused(backend: DockerBackend) -> None:
    one, other = [
        await backend.create(
            SandboxSpec(new_id("sbx_"), CORE, runtime(), LIMITS, OVERHEAD),
            secrets.token_urlsafe(32),
        )
        for _ in range(2)
    ]
    folder = SandboxFolder(backend._folders / one.id)
    async with asyncio.timeout(30):
        (await backend.connect(one.id)).close()
    with pytest.raises(HostileSandboxError, match="listens, not the agent"):
        PinnedSocket(folder.agent, backend._container(other.id).first_pid)
