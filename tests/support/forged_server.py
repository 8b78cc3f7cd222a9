"""The real server, whose sandboxes can be agents that a test forges.

Run as a module, with the server's arguments. A session with the image `forged` gets a
folder of its own, and the server sends its path to `FORGERY_SOCKET`: the program that listens
there is the agent. All other sessions are the local backend's. Waits are as short as in `SHORT`.
"""

import asyncio
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

from cellblock_server import main as server
from cellblock_server.agent.timings import AgentTimings
from cellblock_server.assembly import parts
from cellblock_server.assembly.timings import Timings
from cellblock_server.backends.backend import Backend
from cellblock_server.backends.local.backend import LocalBackend
from cellblock_server.backends.sandbox import AgentTransport, Sandbox, SandboxEnd, SandboxSpec
from cellblock_server.backends.shared_folder.agent_transport import connect_agent
from cellblock_server.backends.shared_folder.folder import SandboxFolder
from cellblock_server.config import Settings
from cellblock_server.executions.overdue import OverdueTimings
from cellblock_server.store.state_folder import StateFolder

IMAGE = "forged"
SHORT = Timings(
    agent=AgentTimings(call=3.0, piece=3.0, answer=3.0, order=3.0, end=0.1),
    overdue=OverdueTimings(silent=0.5, overdue=1.0),
)


class ForgedBackend(LocalBackend):
    """Sandboxes whose agent is a program of the test."""

    capabilities = replace(LocalBackend.capabilities, outlives_server=True)

    def __init__(self, folders: Path, agent_arguments: list[str]) -> None:
        super().__init__(folders, agent_arguments)
        self._forged: dict[str, asyncio.Event] = {}

    async def start(self) -> None:
        """Keep everything from an earlier run: `list` finds what is running."""

    async def list(self) -> list[Sandbox]:
        """Return the forged sandboxes, which outlive the server; the local backend's do not."""
        return [
            Sandbox(path.name) for path in self._folders.glob("*") if self._mark(path.name).exists()
        ]

    async def create(self, spec: SandboxSpec, token: str) -> Sandbox:
        if spec.image != IMAGE:
            return await super().create(spec, token)
        folder = SandboxFolder.create(self._folders, spec.id, token)
        self._forged[spec.id] = asyncio.Event()
        reader, writer = await asyncio.open_unix_connection(os.environ["FORGERY_SOCKET"])
        writer.write(json.dumps(str(folder.agent)).encode() + b"\n")
        await reader.readline()
        writer.close()
        self._mark(spec.id).touch()
        return Sandbox(spec.id)

    async def connect(self, sandbox_id: str) -> AgentTransport:
        if not self._mark(sandbox_id).exists():
            return await super().connect(sandbox_id)
        return await connect_agent(self._folder(sandbox_id), None)

    async def wait(self, sandbox_id: str) -> SandboxEnd:
        if (forged := self._forged.get(sandbox_id)) is None:
            return await super().wait(sandbox_id)
        await forged.wait()
        return SandboxEnd("was removed")

    async def destroy(self, sandbox_id: str) -> None:
        if forged := self._forged.pop(sandbox_id, None):
            forged.set()
        self._mark(sandbox_id).unlink(missing_ok=True)
        await super().destroy(sandbox_id)

    def _mark(self, sandbox_id: str) -> Path:
        return self._folders / sandbox_id / "forged"


def _backend(settings: Settings, state: StateFolder, timings: Timings) -> Backend:
    return ForgedBackend(state.sandboxes, [])


def main() -> int:
    vars(parts)["backend"] = _backend
    return server.main(timings=SHORT)


if __name__ == "__main__":
    sys.exit(main())
