"""Forged agents: they speak `cellblock.agent.v1` on a sandbox's socket, and can lie."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc

from cellblock.agent.v1 import agent_pb2 as pb

SERVICE = "cellblock.agent.v1.AgentService"
Answers = AsyncIterator[bytes]
Lie = Callable[["ForgedAgent", AsyncIterator[bytes], Any], Answers]


@dataclass
class Script:
    """Behaviour of an agent. The default is an honest one, for code without output."""

    events: Callable[[str], Iterable[bytes]] = lambda name: honest(name)
    """The messages of the event stream for an execution."""
    lies: dict[str, Lie] = field(default_factory=dict)
    """Calls that are answered otherwise, by their names."""


class ForgedAgent:
    """One agent on one socket."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self._server = grpc.aio.server(options=[("grpc.max_send_message_length", -1)])
        self._server.add_generic_rpc_handlers((_Handler(self),))
        self.stream: asyncio.Queue[Iterable[bytes]] = asyncio.Queue()
        self.sequence = 0
        self.executions: list[str] = []
        self.acknowledged: list[int] = []

    async def start(self, folder: Path) -> None:
        self.folder = folder
        self._server.add_insecure_port(f"unix:{folder / 'agent.new'}")
        await self._server.start()
        (folder / "agent.new").rename(folder / "agent.sock")

    async def stop(self) -> None:
        await self._server.stop(grace=None)

    async def answer(self, method: str, requests: AsyncIterator[bytes], context: Any) -> Answers:
        lie = self.script.lies.get(method)
        if lie is not None:
            async for answer in lie(self, requests, context):
                yield answer
        elif method == "Converse":
            hearing = asyncio.create_task(self._hear(requests))
            try:
                while True:
                    for message in await self.stream.get():
                        yield message
            finally:
                hearing.cancel()
        else:
            async for _request in requests:
                pass
            yield b""

    async def _hear(self, requests: AsyncIterator[bytes]) -> None:
        async for data in requests:
            request = pb.ConverseRequest.FromString(data)
            self.acknowledged.append(request.acknowledged_sequence)
            if name := request.start_execution.execution_id:
                self.executions.append(name)
                self.stream.put_nowait(self.script.events(name))


class _Handler(grpc.GenericRpcHandler):
    def __init__(self, agent: ForgedAgent) -> None:
        self._agent = agent

    def service(self, details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[Any, Any]":
        method = details.method.rpartition("/")[2]

        async def call(requests: AsyncIterator[bytes], context: Any) -> Answers:
            async for answer in self._agent.answer(method, requests, context):
                yield answer

        return grpc.stream_stream_rpc_method_handler(call)


class Forgery:
    """Acts as the agent of all sandboxes with the image `forged`, by the current script."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        """Folder with a short path, since a Unix socket may have at most 107 bytes."""
        self.socket = folder / "forgery.sock"
        self.script = Script()
        self.plant: Callable[[Path], Awaitable[None]] | None = None
        """Instead of an agent, what to put into a sandbox's folder."""
        self.agents: list[ForgedAgent] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        folder = Path(json.loads(await reader.readline()))
        if self.plant is not None:
            await self.plant(folder)
        else:
            agent = ForgedAgent(self.script)
            await agent.start(folder)
            self.agents.append(agent)
        writer.write(b"done\n")
        await writer.drain()
        writer.close()

    async def forget(self) -> None:
        """Stop all agents; later sessions get new ones."""
        agents, self.agents = self.agents, []
        self.script, self.plant = Script(), None
        await asyncio.gather(*(agent.stop() for agent in agents))


@asynccontextmanager
async def forgery() -> AsyncIterator[Forgery]:
    with tempfile.TemporaryDirectory(prefix="cb-") as folder:
        forged = Forgery(Path(folder))
        server = await asyncio.start_unix_server(forged.serve, forged.socket)
        try:
            yield forged
        finally:
            server.close()
            await forged.forget()


def batch(*events: pb.Event) -> bytes:
    """Return events as one message, without changes."""
    return pb.ConverseResponse(events=events).SerializeToString()


def numbered(first: int, name: str, *events: pb.Event) -> list[pb.Event]:
    """Return events with correct numbers and the name of an execution."""
    for number, event in enumerate(events, first):
        event.sequence, event.execution_id = number, name
    return list(events)


def started() -> pb.Event:
    return pb.Event(execution_started=pb.ExecutionStarted(kernel_generation=1))


def text(value: str) -> pb.Event:
    return pb.Event(stream_text=pb.StreamText(name=pb.STREAM_NAME_STDOUT, text=value))


def finished(**values: Any) -> pb.Event:
    end = pb.ExecutionFinished(**{"outcome": pb.OUTCOME_RAN, **values})
    return pb.Event(execution_finished=end)


def honest(name: str) -> Iterable[bytes]:
    """Return an honest agent's events for code without output, as its first execution."""
    return [batch(*numbered(1, name, started(), finished()))]
