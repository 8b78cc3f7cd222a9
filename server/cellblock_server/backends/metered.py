"""Backend wrapper that counts, times and traces calls."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from cellblock_server.backends.backend import Backend
from cellblock_server.backends.sandbox import (
    AgentTransport,
    EgressHandler,
    EgressListener,
    Sandbox,
    SandboxEnd,
    SandboxInput,
    SandboxSpec,
    SandboxStats,
)
from cellblock_server.common.errors import CellblockError
from cellblock_server.telemetry.metrics import Metrics
from cellblock_server.telemetry.tracing import step


class MeteredBackend(Backend):
    """Forwards all calls to another backend.

    It does not time `wait` and `connect`, which last as long as a sandbox or its start, nor calls
    that do not use the engine.
    """

    def __init__(self, backend: Backend, metrics: Metrics) -> None:
        """Count the calls of `backend`."""
        self.name = backend.name
        self.capabilities = backend.capabilities
        self._backend = backend
        self._seconds = metrics.engine_call_seconds

    async def start(self) -> None:
        """See `Backend.start`."""
        await self._backend.start()

    async def close(self) -> None:
        """See `Backend.close`."""
        await self._backend.close()

    async def check(self) -> None:
        """See `Backend.check`."""
        with self._counted("check"):
            await self._backend.check()

    async def create(self, spec: SandboxSpec, token: str) -> Sandbox:
        """See `Backend.create`."""
        with self._counted("create"):
            return await self._backend.create(spec, token)

    async def connect(self, sandbox_id: str) -> AgentTransport:
        """See `Backend.connect`."""
        return await self._backend.connect(sandbox_id)

    async def offer_input(self, sandbox_id: str, offered: SandboxInput) -> bool:
        """See `Backend.offer_input`."""
        return await self._backend.offer_input(sandbox_id, offered)

    async def withdraw_input(self, sandbox_id: str, name: str) -> None:
        """See `Backend.withdraw_input`."""
        await self._backend.withdraw_input(sandbox_id, name)

    async def open_egress(self, sandbox_id: str, handler: EgressHandler) -> EgressListener:
        """See `Backend.open_egress`."""
        return await self._backend.open_egress(sandbox_id, handler)

    async def list(self) -> list[Sandbox]:
        """See `Backend.list`."""
        with self._counted("list"):
            return await self._backend.list()

    def adopt(self, sandbox_id: str) -> None:
        """See `Backend.adopt`."""
        self._backend.adopt(sandbox_id)

    async def reap(self) -> None:
        """See `Backend.reap`."""
        with self._counted("reap"):
            await self._backend.reap()

    async def wait(self, sandbox_id: str) -> SandboxEnd:
        """See `Backend.wait`."""
        return await self._backend.wait(sandbox_id)

    async def last_log(self, sandbox_id: str) -> str:
        """See `Backend.last_log`."""
        with self._counted("log"):
            return await self._backend.last_log(sandbox_id)

    async def stats(self, sandbox_id: str) -> SandboxStats:
        """See `Backend.stats`."""
        with self._counted("stats"):
            return await self._backend.stats(sandbox_id)

    async def update(self, spec: SandboxSpec) -> None:
        """See `Backend.update`."""
        with self._counted("update"):
            await self._backend.update(spec)

    async def cpu_seconds(self, sandbox_id: str) -> float:
        """See `Backend.cpu_seconds`."""
        return await self._backend.cpu_seconds(sandbox_id)

    async def memory_bytes(self, sandbox_id: str) -> int | None:
        """See `Backend.memory_bytes`."""
        return await self._backend.memory_bytes(sandbox_id)

    async def destroy(self, sandbox_id: str) -> None:
        """See `Backend.destroy`."""
        with self._counted("destroy"):
            await self._backend.destroy(sandbox_id)

    @contextmanager
    def _counted(self, call: str) -> Iterator[None]:
        began, outcome = time.perf_counter(), "INTERRUPTED"
        try:
            with step(f"engine {call}"):
                yield
            outcome = "OK"
        except CellblockError as error:
            outcome = error.reason
            raise
        except Exception:
            outcome = "FAULT"
            raise
        finally:
            self._seconds.labels(call, outcome).observe(time.perf_counter() - began)
