import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from cellblock_server.agent.connecting import connect_agent, reconnect_agent
from cellblock_server.agent.connection import AgentConnection
from cellblock_server.backends.backend import Backend
from cellblock_server.backends.docker.backend import DockerBackend
from cellblock_server.backends.docker.seccomp import load_profile
from cellblock_server.backends.local.backend import LocalBackend
from cellblock_server.backends.metered import MeteredBackend
from cellblock_server.backends.sandbox import Overhead, SandboxLimits, SandboxSpec
from cellblock_server.common.ids import new_id
from cellblock_server.telemetry.metrics import Metrics
from tests.support.agent import DrivenAgent
from tests.support.engine import remove_containers
from tests.support.images import CORE, runtime
from tests.support.remote_backend import RemoteBackend, remote_host

MIB = 2**20
START = timedelta(seconds=30)
ARGUMENTS = ["--orphan-timeout=60"]

Servers = Callable[[], Backend]
"""Makes the backend of the next server process on one state."""


@contextmanager
def docker(folder: Path) -> Iterator[Servers]:
    instance = new_id("")
    seccomp = load_profile("cellblock")
    try:
        yield lambda: DockerBackend(folder, instance, ARGUMENTS, seccomp=seccomp)
    finally:
        remove_containers(instance)


@contextmanager
def local(folder: Path) -> Iterator[Servers]:
    yield lambda: LocalBackend(folder, ARGUMENTS)


@contextmanager
def metered(folder: Path) -> Iterator[Servers]:
    yield lambda: MeteredBackend(LocalBackend(folder, ARGUMENTS), Metrics())


@contextmanager
def remote(folder: Path) -> Iterator[Servers]:
    """A backend that shares no folder with its sandboxes."""
    folder.mkdir()
    with remote_host(folder) as port:
        yield lambda: RemoteBackend(port)


BACKENDS = [
    pytest.param(docker, id="docker", marks=[pytest.mark.engine, pytest.mark.core]),
    pytest.param(local, id="local"),
    pytest.param(metered, id="metered"),
    pytest.param(remote, id="remote"),
]


@dataclass
class Started:
    """A sandbox whose kernel has started."""

    id: str
    spec: SandboxSpec
    token: str
    agent: AgentConnection
    acknowledged: int = 0
    """The last event that was read."""


class BackendOfServer:
    """The backend of a server process, and what a test has made with it."""

    def __init__(self, backend: Backend, stack: AsyncExitStack) -> None:
        self.backend = backend
        self._stack = stack

    def spec(self) -> SandboxSpec:
        limits = SandboxLimits(
            memory_bytes=512 * MIB,
            cpus=1.0,
            pids=128,
            data_bytes=32 * MIB,
            tmp_bytes=8 * MIB,
            home_bytes=8 * MIB,
            open_files=900,
            file_bytes=16 * MIB,
        )
        return SandboxSpec(new_id("sbx_"), CORE, runtime(), limits, Overhead(128 * MIB, 1024))

    async def start_sandbox(self) -> Started:
        spec, token = self.spec(), secrets.token_urlsafe(32)
        sandbox = await self.backend.create(spec, token)
        assert (sandbox.id, sandbox.has_egress) == (spec.id, spec.has_egress)
        self._stack.push_async_callback(self.backend.destroy, spec.id)
        agent = await connect_agent(self.backend, spec.id, token, START)
        self._stack.push_async_callback(agent.close)
        return Started(spec.id, spec, token, agent)

    async def reconnect(self, sandbox: Started) -> AgentConnection:
        agent, _status = await reconnect_agent(
            lambda: self.backend.connect(sandbox.id), sandbox.token
        )
        self._stack.push_async_callback(agent.close)
        return agent

    async def run(self, sandbox: Started, code: str) -> str:
        """Run code in a sandbox; what it printed."""
        driven = await DrivenAgent.on(sandbox.agent, sandbox.acknowledged)
        shown = await driven.run(code)
        sandbox.acknowledged = driven.acknowledged
        driven.stream.cancel()
        assert "error" not in shown.kinds(), shown.events
        return shown.text()


@pytest.fixture(params=BACKENDS)
def servers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Servers]:
    """Server processes on one state, one after the other."""
    with request.param(tmp_path / "run") as servers:
        yield servers


@pytest.fixture
async def server(servers: Servers) -> AsyncIterator[BackendOfServer]:
    """The first server process."""
    async with AsyncExitStack() as stack:
        backend = servers()
        await backend.start()
        stack.push_async_callback(backend.close)
        yield BackendOfServer(backend, stack)


@pytest.fixture
async def next_server(servers: Servers, server: BackendOfServer) -> AsyncIterator[BackendOfServer]:
    """The next server process on the same state."""
    async with AsyncExitStack() as stack:
        backend = servers()
        stack.push_async_callback(backend.close)
        yield BackendOfServer(backend, stack)
