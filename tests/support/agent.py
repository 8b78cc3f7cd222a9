"""A real agent as a child process, driven as the server drives it."""

import asyncio
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Self

import psutil

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_server.agent.connecting import reconnect_agent
from cellblock_server.agent.connection import AgentConnection
from cellblock_server.agent.stream import AgentStream, ExecutionBounds
from cellblock_server.backends.sandbox import AgentTransport
from cellblock_server.backends.shared_folder.agent_transport import connect_agent
from cellblock_server.backends.shared_folder.folder import SandboxFolder
from tests.support import timed_agent
from tests.support.forked import ForkedProcess, start_forked
from tests.support.programs import AGENT

START_SECONDS = 30
END_SECONDS = 20
numbers = count(1)


async def chunks(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


@dataclass
class Shown:
    """The events of one execution."""

    events: list[pb.Event] = field(default_factory=list)

    @property
    def end(self) -> pb.ExecutionFinished:
        return self.events[-1].execution_finished

    @property
    def outcome(self) -> str:
        return pb.Outcome.Name(self.end.outcome).removeprefix("OUTCOME_")

    def text(self, stream: pb.StreamName.ValueType = pb.STREAM_NAME_STDOUT) -> str:
        return "".join(
            event.stream_text.text for event in self.events if event.stream_text.name == stream
        )

    @property
    def result(self) -> str:
        return "".join(
            event.rich.data["text/plain"].decode()
            for event in self.events
            if event.HasField("rich") and event.rich.kind == pb.RICH_KIND_RESULT
        )

    @property
    def error(self) -> pb.Error:
        return next(event.error for event in self.events if event.HasField("error"))

    def kinds(self) -> list[str]:
        return [event.WhichOneof("event") or "" for event in self.events]

    @property
    def changed(self) -> list[str]:
        return changed_paths(self.end.changes)


class DrivenAgent:
    """An agent that runs code, through the connection that it is given."""

    def __init__(self) -> None:
        self.connection: AgentConnection
        self.stream: AgentStream
        self.acknowledged = 0
        self._early: list[pb.Event] = []
        """Events of an execution that `until_begun` has read."""
        self.background: list[pb.Event] = []
        """Events that belong to no execution."""

    @classmethod
    async def on(cls, connection: AgentConnection, acknowledged: int) -> Self:
        """Open the stream of a connection, after the events that were read before."""
        agent = cls()
        agent.acknowledged = acknowledged
        agent.connection = connection
        await agent.open_stream()
        return agent

    async def open_stream(self) -> None:
        self.stream = self.connection.converse()
        await self.stream.acknowledge(self.acknowledged)

    async def start(
        self,
        code: str,
        *,
        timeout: float = 20,
        grace: float = 1,
        environment: dict[str, str] | None = None,
        **limits: int,
    ) -> str:
        name = f"call_{next(numbers)}"
        bounds = ExecutionBounds(
            timedelta(seconds=timeout), timedelta(seconds=grace), output_limits(**limits)
        )
        await self.stream.start_execution(name, code, bounds, environment or {}, self.acknowledged)
        return name

    async def until_begun(self) -> None:
        """Wait until the agent runs an execution."""
        async for batch in self.stream:
            self._early += batch
            if batch:
                self.acknowledged = batch[-1].sequence
                await self.stream.acknowledge(self.acknowledged)
                return

    async def read(self, name: str) -> Shown:
        """Return the events of an execution, to its end."""
        shown = Shown()
        shown.events += self._early
        self._early = []
        async for batch in self.stream:
            for event in batch:
                self.acknowledged = event.sequence
                if event.execution_id == name:
                    shown.events.append(event)
                else:
                    self.background.append(event)
            await self.stream.acknowledge(self.acknowledged)
            if shown.events and shown.events[-1].HasField("execution_finished"):
                return shown
        raise AssertionError("the stream ended")

    async def run(
        self,
        code: str,
        *,
        timeout: float = 20,
        grace: float = 1,
        environment: dict[str, str] | None = None,
        **limits: int,
    ) -> Shown:
        name = await self.start(
            code, timeout=timeout, grace=grace, environment=environment, **limits
        )
        return await self.read(name)

    async def read_file(self, path: str, offset: int = 0, length: int = 0) -> bytes:
        pieces = self.connection.read_file(path, offset, length)
        return b"".join([piece async for piece in pieces])

    async def next_changes(self) -> pb.FileChanges:
        """Return the next report of changes while no code ran."""
        while True:
            event = await self.next_event()
            if event.HasField("background_changes"):
                return event.background_changes

    async def next_event(self) -> pb.Event:
        """Return the next event that belongs to no execution, or that was not read before."""
        if self.background:
            return self.background.pop(0)
        async for batch in self.stream:
            self.acknowledged = batch[-1].sequence
            await self.stream.acknowledge(self.acknowledged)
            self.background += batch[1:]
            return batch[0]
        raise AssertionError("the stream ended")


class RunningAgent(DrivenAgent):
    """An agent process and a connection to it."""

    def __init__(
        self, process: "subprocess.Popen[bytes] | ForkedProcess", folder: SandboxFolder, token: str
    ) -> None:
        super().__init__()
        self.process = process
        self.folder = folder
        self.data = folder.path / "data"
        self.token = token

    async def connect(self) -> None:
        self.connection, _ = await reconnect_agent(self.transport, self.token)
        await self.open_stream()

    async def transport(self) -> AgentTransport:
        return await connect_agent(self.folder, self.process.pid)


def changed_paths(changes: pb.FileChanges) -> list[str]:
    """Return the paths of files that are new, changed or moved."""
    return [change.file.path for change in changes.changed]


def output_limits(**changes: int) -> pb.OutputLimits:
    """Return limits that ordinary tests do not reach, except two images."""
    usual = {
        "max_text_bytes": 2**20,
        "max_rich_bytes": 2**20,
        "max_image_bytes": 2**20,
        "max_image_pixels": 10**7,
        "max_images": 2,
        "max_events": 10_000,
        "max_kept_bytes": 2**23,
    }
    return pb.OutputLimits(**{**usual, **changes})


@asynccontextmanager
async def running_agent(
    orphan_timeout: float = 600,
    fork_server_timeout: float = 600,
    base: Path | None = None,
    start_timeout: float = 60,
    timings: Mapping[str, Mapping[str, float]] | None = None,
    *,
    own_interpreter: bool = False,
) -> AsyncIterator[RunningAgent]:
    """Start an agent in a directory of its own, and remove everything afterwards.

    `timings` are those of `timed_agent`. A fork server starts it, which has imported what kernels
    need; with `own_interpreter`, it is started as in a sandbox: for tests of its start.
    """
    # Not pytest's folder: a Unix socket's path has at most 107 bytes.
    root = Path(tempfile.mkdtemp(prefix="cb-", dir=base))
    token = secrets.token_urlsafe(32)
    folder = SandboxFolder.create(root, "sandbox", token)
    for name in ("data", "kernel", "home", "tmp"):
        (folder.path / name).mkdir()
    arguments = [
        f"--run-dir={folder.agent}",
        f"--data-dir={folder.path / 'data'}",
        f"--kernel-dir={folder.path / 'kernel'}",
        f"--inputs-dir={folder.inputs}",
        f"--orphan-timeout={orphan_timeout}",
        f"--fork-server-timeout={fork_server_timeout}",
        f"--start-timeout={start_timeout}",
    ]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder.path / "home"),
        "TMPDIR": str(folder.path / "tmp"),
        "LANG": "C.UTF-8",
        "TEST_TIMINGS": json.dumps(timings or {}),
    }
    process: subprocess.Popen[bytes] | ForkedProcess
    if own_interpreter:
        process = subprocess.Popen(
            [sys.executable, "-I", timed_agent.__file__, *arguments],
            env=environment,
            start_new_session=True,
        )
    else:
        process = start_forked(
            AGENT, arguments, stdin=0, stdout=1, stderr=2, env=environment, new_session=True
        )
    agent = RunningAgent(process, folder, token)
    try:
        async with asyncio.timeout(START_SECONDS):
            await agent.connect()
        yield agent
    finally:
        try:
            if hasattr(agent, "connection"):
                await agent.connection.close()
        finally:
            ended_at_request = _end(process)
            shutil.rmtree(root)
    # After the clean-up, and not in place of a test's own error.
    assert ended_at_request, f"the agent did not end within {END_SECONDS} s after SIGTERM"


def _end(process: "subprocess.Popen[bytes] | ForkedProcess") -> bool:
    """End an agent, if need be with its children; return whether SIGTERM was enough."""
    process.terminate()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        children: list[psutil.Process] = []
        with suppress(psutil.NoSuchProcess):
            children = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        process.wait(END_SECONDS)
        return False
    return True
