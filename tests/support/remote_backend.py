"""A backend whose sandboxes run on another machine: it shares no folder with them.

It speaks to a `remote_host` by TCP alone, and uploads inputs. So it shows that sessions, files
and executions need no path of the host.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from cellblock_server.backends.backend import Backend
from cellblock_server.backends.local.backend import LocalBackend
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
from cellblock_server.common.errors import (
    CellblockError,
    NotFoundError,
    UnavailableError,
    WrongStateError,
)
from tests.support.remote_host import LIMIT
from tests.support.waiting import until

START_SECONDS = 30
REPOSITORY = Path(__file__).parents[2]


class RemoteBackend(Backend):
    """Sandboxes of the host that listens at a port. They outlive the server."""

    name = "local"
    capabilities = replace(
        LocalBackend.capabilities, links_inputs=False, outlives_server=True, egress=False
    )

    def __init__(self, port: int) -> None:
        self._port = port
        self._owned: set[str] = set()

    async def start(self) -> None:
        """Do nothing: each call connects."""

    async def close(self) -> None:
        """Do nothing: each call has closed its connection."""

    async def check(self) -> None:
        await self._call("list")

    async def create(self, spec: SandboxSpec, token: str) -> Sandbox:
        self._owned.add(spec.id)
        try:
            await self._call("create", spec=asdict(spec), token=token)
        except BaseException:
            await self.destroy(spec.id)
            raise
        return Sandbox(spec.id)

    async def connect(self, sandbox_id: str) -> AgentTransport:
        port = await self._call("connect", sandbox_id=sandbox_id)
        return AgentTransport(f"ipv4:127.0.0.1:{port}", close=_keep_tunnel)

    async def offer_input(self, sandbox_id: str, offered: SandboxInput) -> bool:
        await self._call("stats", sandbox_id=sandbox_id)
        data = b"".join([piece async for piece in offered.read()])
        copied = await self._call("offer", data, sandbox_id=sandbox_id, name=offered.name)
        return bool(copied)

    async def withdraw_input(self, sandbox_id: str, name: str) -> None:
        await self._call("withdraw", sandbox_id=sandbox_id, name=name)

    async def open_egress(self, sandbox_id: str, handler: EgressHandler) -> EgressListener:
        await self._call("stats", sandbox_id=sandbox_id)
        raise WrongStateError("EGRESS_UNAVAILABLE", "there is no egress")

    async def update(self, spec: SandboxSpec) -> None:
        await self._call("stats", sandbox_id=spec.id)

    async def wait(self, sandbox_id: str) -> SandboxEnd:
        return SandboxEnd(await self._call("wait", sandbox_id=sandbox_id))

    async def last_log(self, sandbox_id: str) -> str:
        try:
            return str(await self._call("log", sandbox_id=sandbox_id))
        except CellblockError:
            return ""

    async def stats(self, sandbox_id: str) -> SandboxStats:
        return SandboxStats(**await self._call("stats", sandbox_id=sandbox_id))

    async def cpu_seconds(self, sandbox_id: str) -> float:
        return (await self.stats(sandbox_id)).cpu_seconds

    async def memory_bytes(self, sandbox_id: str) -> int | None:
        try:
            return (await self.stats(sandbox_id)).memory_bytes
        except NotFoundError:
            return None

    async def list(self) -> list[Sandbox]:
        running = await self._call("list")
        return [Sandbox(sandbox_id) for sandbox_id in running if sandbox_id not in self._owned]

    def adopt(self, sandbox_id: str) -> None:
        self._owned.add(sandbox_id)

    async def reap(self) -> None:
        for sandbox in await self.list():
            await self.destroy(sandbox.id)

    async def destroy(self, sandbox_id: str) -> None:
        self._owned.discard(sandbox_id)
        await self._call("destroy", sandbox_id=sandbox_id)

    async def _call(self, method: str, data: bytes = b"", **arguments: object) -> Any:
        async with self._connected() as (reader, writer):
            call = {"method": method, "size": len(data), **arguments}
            writer.write(json.dumps(call).encode() + b"\n" + data)
            await writer.drain()
            answer = await reader.readline()
        if not answer:
            raise UnavailableError("ENGINE_UNREACHABLE", "the host hung up")
        parsed = json.loads(answer)
        if "error" in parsed:
            kind, reason, message = parsed["error"]
            raise _error(kind, reason, message, str(arguments.get("sandbox_id")))
        return parsed["result"]

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=LIMIT)
        except OSError as error:
            raise UnavailableError("ENGINE_UNREACHABLE", "the host does not answer") from error
        try:
            yield reader, writer
        finally:
            writer.close()


def _error(kind: str, reason: str, message: str, sandbox_id: str) -> CellblockError:
    others: dict[str, Callable[[str, str], CellblockError]] = {
        "UnavailableError": UnavailableError,
        "WrongStateError": WrongStateError,
    }
    if kind == "NotFoundError":
        return NotFoundError("sandbox", sandbox_id)
    return others.get(kind, CellblockError)(reason, message)


def _keep_tunnel() -> None:
    """Keep the tunnel: the host needs it for the next server."""


@contextmanager
def remote_host(folder: Path) -> Iterator[int]:
    """Run a host with a folder; yield its port."""
    port_file = folder / "port"
    command = [
        sys.executable,
        "-m",
        "tests.support.remote_host",
        str(folder / "run"),
        str(port_file),
    ]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with (folder / "host.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stderr=log)
    try:
        until(lambda: port_file.exists() and port_file.read_text() != "", START_SECONDS)
        yield int(port_file.read_text())
    finally:
        process.terminate()
        process.wait(START_SECONDS)
