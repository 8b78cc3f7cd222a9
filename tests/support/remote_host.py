"""A machine that runs sandboxes for a `RemoteBackend`, played by a process of its own.

Run as a module with a folder and a file. It takes calls at a port of loopback, which it writes
into the file. Each connection is one call: a line of JSON, bytes if the call has any, and a line
of JSON as the answer. What listens for one sandbox's agent is a port of its own. The caller
learns no path of this process, and can't reach its sandboxes in any other way.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cellblock_server.backends.local.backend import LocalBackend
from cellblock_server.backends.sandbox import AgentTransport, SandboxLimits, SandboxSpec
from cellblock_server.common.errors import CellblockError

LIMIT = 64 * 2**20
PIECE = 2**16

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter


@dataclass(frozen=True)
class Uploaded:
    """An input whose bytes came with the call."""

    name: str
    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    async def read(self) -> AsyncIterator[bytes]:
        yield self.data

    async def link_to(self, destination: Path) -> bool:
        destination.write_bytes(self.data)
        return False


class RemoteHost:
    """Sandboxes of this process, with a tunnel to each one's agent."""

    def __init__(self, folder: Path) -> None:
        self._backend = LocalBackend(folder, ["--orphan-timeout=60"])
        self._running: set[str] = set()
        self._tunnels: dict[str, tuple[asyncio.Server, AgentTransport]] = {}

    async def serve(self, port_file: Path) -> None:
        server = await asyncio.start_server(self._take_call, "127.0.0.1", 0, limit=LIMIT)
        port_file.write_text(str(server.sockets[0].getsockname()[1]))
        async with server:
            await server.serve_forever()

    async def _take_call(self, reader: Reader, writer: Writer) -> None:
        with suppress(ConnectionError):
            call = json.loads(await reader.readline())
            data = await reader.readexactly(call.pop("size", 0))
            calling = asyncio.create_task(self._answer(call, data))
            # A caller that hangs up does not wait any more.
            leaving = asyncio.create_task(reader.read())
            await asyncio.wait({calling, leaving}, return_when=asyncio.FIRST_COMPLETED)
            leaving.cancel()
            if calling.cancel():
                await asyncio.wait({calling})
            else:
                writer.write(json.dumps(calling.result()).encode() + b"\n")
        writer.close()

    async def _answer(self, call: dict[str, Any], data: bytes) -> dict[str, Any]:
        try:
            method = getattr(self, f"call_{call.pop('method')}")
            return {"result": await method(**call, **({"data": data} if data else {}))}
        except CellblockError as error:
            return {"error": [type(error).__name__, error.reason, error.message]}

    async def call_create(self, spec: dict[str, Any], token: str) -> None:
        limits = SandboxLimits(**spec.pop("limits"))
        await self._backend.create(SandboxSpec(spec["id"], "", "", limits), token)
        self._running.add(spec["id"])

    async def call_connect(self, sandbox_id: str) -> int:
        """Return the port that leads to the sandbox's agent."""
        if sandbox_id not in self._tunnels:
            transport = await self._backend.connect(sandbox_id)

            async def tunnel(reader: Reader, writer: Writer) -> None:
                await _tunnel(reader, writer, transport.target.removeprefix("unix:"))

            server = await asyncio.start_server(tunnel, "127.0.0.1", 0)
            self._tunnels[sandbox_id] = server, transport
        return int(self._tunnels[sandbox_id][0].sockets[0].getsockname()[1])

    async def call_offer(self, sandbox_id: str, name: str, data: bytes = b"") -> bool:
        return await self._backend.offer_input(sandbox_id, Uploaded(name, data))

    async def call_withdraw(self, sandbox_id: str, name: str) -> None:
        await self._backend.withdraw_input(sandbox_id, name)

    async def call_wait(self, sandbox_id: str) -> str:
        return (await self._backend.wait(sandbox_id)).words

    async def call_log(self, sandbox_id: str) -> str:
        return await self._backend.last_log(sandbox_id)

    async def call_stats(self, sandbox_id: str) -> dict[str, Any]:
        return asdict(await self._backend.stats(sandbox_id))

    async def call_list(self) -> list[str]:
        return sorted(self._running)

    async def call_destroy(self, sandbox_id: str) -> None:
        self._running.discard(sandbox_id)
        if tunnel := self._tunnels.pop(sandbox_id, None):
            server, transport = tunnel
            server.close()
            transport.close()
        await self._backend.destroy(sandbox_id)


async def _tunnel(reader: Reader, writer: Writer, path: str) -> None:
    with suppress(OSError):
        from_agent, to_agent = await asyncio.open_unix_connection(path)
        both = asyncio.gather(_pump(reader, to_agent), _pump(from_agent, writer))
        await both
    writer.close()


async def _pump(reader: Reader, writer: Writer) -> None:
    try:
        while data := await reader.read(PIECE):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


if __name__ == "__main__":
    asyncio.run(RemoteHost(Path(sys.argv[1])).serve(Path(sys.argv[2])))
