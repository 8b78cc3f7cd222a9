"""The example of web sockets sends output while code runs."""

import asyncio
import base64
import io
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from cellblock_client import Client, ExecutionStatus, SessionInfo, SessionState
from tests.integration.examples.program import Program
from tests.support.waiting import eventually

PLOT = """
import matplotlib.pyplot as plt
plt.plot([1, 2])
open("/mnt/data/made.txt", "w").write("1")
"""
WAIT = """
import os, time
print("begun")
while not os.path.exists("/mnt/data/go"):
    time.sleep(0.01)
print("gone on")
"""


@pytest.fixture
def relay(running: "subprocess.Popen[str]") -> str:
    """The example's own address, while it runs."""
    assert running.stdout
    return running.stdout.readline().strip()


@pytest.fixture
def running(program: Program) -> "Iterator[subprocess.Popen[str]]":
    with started(program) as process:
        yield process


@contextmanager
def started(program: Program) -> "Iterator[subprocess.Popen[str]]":
    with subprocess.Popen(
        program.command("websocket.py", "--port", "0", "--origin", "https://chat.example"),
        env=program.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


async def until(socket: ClientConnection, kind: str) -> list[dict[str, Any]]:
    """Return the messages up to the first of a type."""
    messages: list[dict[str, Any]] = []
    while not messages or messages[-1]["type"] != kind:
        messages.append(json.loads(await socket.recv()))
    return messages


async def test_events_stream_while_code_runs(
    relay: str, client: Client, sessions: Callable[[], list[SessionInfo]]
) -> None:
    async with connect(relay, origin="https://chat.example") as socket:  # type: ignore[arg-type]
        await socket.send(WAIT)
        (begun,) = await until(socket, "stdout")
        assert begun["text"] == "begun\n"
        (session,) = sessions()
        client.sessions.get(session.id).files.write("go", b"")
        *_, gone_on, completed = await until(socket, "completed")
        assert (gone_on["text"], completed["status"]) == ("gone on\n", "COMPLETED")

        await socket.send(PLOT)
        messages = {one["type"]: one for one in await until(socket, "completed")}
        encoded = messages["image"]["url"].removeprefix("data:image/png;base64,")
        with Image.open(io.BytesIO(base64.b64decode(encoded))) as plot:
            assert plot.format == "PNG"
        assert client.files.read(messages["file"]["file_id"]) == b"1"

        await socket.send("1 / 0")
        messages = {one["type"]: one for one in await until(socket, "completed")}
        assert messages["error"]["name"] == "ZeroDivisionError"
    await eventually(lambda: sessions()[0].state is SessionState.DELETED, 60)


async def test_a_client_that_disconnects_ends_its_execution(
    relay: str, client: Client, sessions: Callable[[], list[SessionInfo]]
) -> None:
    async with connect(relay) as socket:
        await socket.send("print('begun')\nwhile True: pass")
        await until(socket, "stdout")
    await eventually(lambda: sessions()[0].state is SessionState.DELETED, 60)
    (execution,) = client.executions.list(sessions()[0].id)
    assert execution.status is ExecutionStatus.CANCELLED


async def test_a_killed_relay_leaves_no_code_running(
    relay: str,
    running: "subprocess.Popen[str]",
    client: Client,
    sessions: Callable[[], list[SessionInfo]],
) -> None:
    async with connect(relay) as socket:
        await socket.send("print('begun')\nwhile True: pass")
        await until(socket, "stdout")
        running.kill()
        await socket.wait_closed()
    with client.sessions.get(sessions()[0].id) as session:
        (execution,) = session.executions()
        await asyncio.to_thread(client.executions.watch(execution.id).result)
        assert client.executions.get(execution.id).status is ExecutionStatus.CANCELLED


async def test_invalid_messages_are_refused(
    relay: str, sessions: Callable[[], list[SessionInfo]]
) -> None:
    async with connect(relay) as socket:
        await socket.send("")
        (refused,) = await until(socket, "refused")
        assert "code" in refused["problem"]
        await socket.send("print(1)")
        assert [one["type"] for one in await until(socket, "completed")] == ["stdout", "completed"]
    await eventually(lambda: sessions()[0].state is SessionState.DELETED, 60)


async def test_a_stopped_relay_ends_its_sessions(
    relay: str, running: "subprocess.Popen[str]", sessions: Callable[[], list[SessionInfo]]
) -> None:
    async with connect(relay) as socket:
        await socket.send("print('begun')\nwhile True: pass")
        await until(socket, "stdout")
        running.terminate()
        await socket.wait_closed()
        assert await asyncio.to_thread(running.wait, 60) == 0
    assert {session.state for session in sessions()} == {SessionState.DELETED}


async def test_a_server_that_fails_ends_the_conversation(tmp_path: Path) -> None:
    with started(Program("127.0.0.1:1", tmp_path)) as process:
        assert process.stdout
        async with connect(process.stdout.readline().strip()) as socket:
            with pytest.raises(ConnectionClosedError) as ended:
                await socket.recv()
        assert ended.value.rcvd
        assert (ended.value.rcvd.code, ended.value.rcvd.reason) == (
            1011,
            "the code interpreter failed",
        )
        process.terminate()
        assert process.stderr
        assert "UnavailableError" in process.stderr.read()


async def test_a_foreign_origin_is_refused(relay: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(relay, origin="https://evil.example")  # type: ignore[arg-type]
    assert refused.value.response.status_code == 403
