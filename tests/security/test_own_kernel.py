"""Differences of sandboxes with their own kernel, as docs/security/gvisor.md lists them."""

import platform

import pytest

from cellblock_client import Client, FailureCause, Limits, SessionState
from cellblock_client.client import Session

GROWTH = "import time\nkept = []\nwhile True: kept.append(bytearray(2**20)); time.sleep(0.01)"
"""At most 100 MiB a second: a busy machine's memory watch sees it, too."""

BOMB_ENDS = (FailureCause.TIME_LIMIT, FailureCause.OUT_OF_MEMORY, FailureCause.SANDBOX_LOST)
"""gVisor starts threads of the host's for forks that fail, too: whether the time limit, the memory
or the number of threads ends that first is the machine's speed."""

pytestmark = [pytest.mark.core, pytest.mark.only_runtime("runsc")]


def test_code_does_not_run_on_the_hosts_kernel(session: Session) -> None:
    assert session.run("import platform; print(platform.release())").stdout == "4.4.0\n"
    assert platform.release() != "4.4.0"


def test_code_can_end_its_own_sandbox_and_it_is_reported(client: Client) -> None:
    with client.sessions.create() as neighbour:
        session = client.sessions.create()
        result = session.run("import os; os.kill(1, 9)")
        assert result.failure is not None
        assert result.failure.cause is FailureCause.SANDBOX_LOST
        assert "exited with code 137" in result.failure.message
        assert session.refresh().state is SessionState.FAILED
        assert neighbour.run("1 + 1").text == "2"


def test_memory_that_grows_slowly_ends_the_kernel_and_not_the_session(client: Client) -> None:
    with client.sessions.create(limits=Limits(memory_bytes=256 * 2**20)) as session:
        session.run("open('file', 'w').write('x')")
        result = session.run(GROWTH)
        assert result.failure is not None
        assert result.failure.cause is FailureCause.OUT_OF_MEMORY
        assert "limit 256 MiB" in result.failure.message
        assert session.run("open('file').read()").text == "'x'"


def test_the_largest_process_is_ended_for_memory(client: Client) -> None:
    code = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {GROWTH!r}]).returncode"
    with client.sessions.create(limits=Limits(memory_bytes=256 * 2**20)) as session:
        assert session.run(code).text == "-9"
        assert session.refresh().kernel_generation == 1


def test_a_fork_bomb_reaches_no_neighbour(client: Client) -> None:
    with client.sessions.create() as neighbour:
        session = client.sessions.create(limits=Limits(pids=64))
        result = session.run(
            "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", time_limit=1
        )
        assert result.failure is not None
        assert result.failure.cause in BOMB_ENDS
        assert neighbour.run("1 + 1").text == "2"
        session.delete()
