"""The agent ends on request, or without a server, and leaves no process running."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cellblock_server.agent.connecting import reconnect_agent
from cellblock_server.agent.errors import AgentGoneError
from tests.support.agent import RunningAgent, running_agent
from tests.support.waiting import eventually

UNDER_WAY_SECONDS = 0.1
"""Time for a call to be sent; it is not answered, however long it waits."""


async def test_sigterm_ends_all_it_started(agent: RunningAgent) -> None:
    shown = await agent.run(
        "import os, subprocess\n"
        "child = subprocess.Popen(['sleep', '1000'], start_new_session=True)\n"
        "os.getpid(), os.getppid(), child.pid"
    )
    pids = [int(part) for part in shown.result.strip("()").split(",")]
    agent.process.send_signal(signal.SIGTERM)
    assert agent.process.wait(10) == 0
    await eventually(lambda: not any(alive(pid) for pid in pids))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
async def test_other_signals_do_nothing(agent: RunningAgent, number: signal.Signals) -> None:
    os.kill(agent.process.pid, number)
    assert (await agent.run("1")).result == "1"


async def test_an_agent_without_a_server_ends() -> None:
    async with running_agent(orphan_timeout=3) as agent:
        assert (await agent.run("1")).result == "1"
        agent.stream.cancel()
        await eventually(lambda: agent.process.poll() is not None)
        assert agent.process.returncode == 0


async def test_a_connection_that_is_closed_ends_the_calls_under_way(agent: RunningAgent) -> None:
    connection, status = await reconnect_agent(agent.transport, agent.token)
    assert status.kernel_generation == 1
    agent.process.send_signal(signal.SIGSTOP)
    try:
        listing = asyncio.create_task(connection.list_files(1))
        await asyncio.wait({listing}, timeout=UNDER_WAY_SECONDS)
        await connection.close()
        with pytest.raises(AgentGoneError, match="its connection was closed"):
            await listing
    finally:
        agent.process.send_signal(signal.SIGCONT)


def test_no_token_no_agent(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-I", "-m", "cellblock_agent", f"--run-dir={tmp_path}"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 2
    assert f"{tmp_path}/token: No such file or directory" in ended.stderr


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_only_who_has_the_token_is_served(agent: RunningAgent) -> None:
    assert not (agent.folder.agent / "token").exists()
    with pytest.raises(AgentGoneError, match="UNAUTHENTICATED"):
        await reconnect_agent(agent.transport, secrets.token_urlsafe(32))
