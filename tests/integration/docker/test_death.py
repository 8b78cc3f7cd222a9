"""A session survives any death of its kernel, and reports what was lost."""

import pytest

from cellblock_client import Client, ExecutionStatus, FailureCause, Limits
from cellblock_client.client import Session
from cellblock_client.events import Completed, KernelRestarted, Queued, Started

pytestmark = pytest.mark.core

DEATHS = {
    "exit": ("import os; os._exit(3)", "the kernel died: exit code 3"),
    "kill": ("import os; os.kill(os.getpid(), 9)", "the kernel died: signal SIGKILL"),
    "segfault": ("import ctypes; ctypes.string_at(0)", "the kernel died: signal SIGSEGV"),
    "stack overflow in C": (
        "import sys; sys.setrecursionlimit(10**9); x = []\nfor _ in range(10**6): x = [x]\nrepr(x)",
        "the kernel died: signal SIGSEGV",
    ),
}


@pytest.mark.parametrize(("code", "words"), DEATHS.values(), ids=DEATHS)
def test_a_death_is_named_and_survived(
    shared_session: Session, client: Client, code: str, words: str
) -> None:
    session = shared_session
    session.run("open('kept', 'w').write('1')")
    generation = client.sessions.get(session.id).info.kernel_generation
    result = session.run(code)
    assert (result.status, result.ok) == (ExecutionStatus.FAILED, False)
    assert result.failure is not None
    assert (result.failure.cause, result.failure.memory_lost) == (FailureCause.KERNEL_DIED, True)
    assert words in result.failure.message
    (restarted,) = (event for event in result.events if isinstance(event, KernelRestarted))
    info = client.sessions.get(session.id).info
    assert restarted.kernel_generation == info.kernel_generation == generation + 1
    assert info.memory_loss is not None
    assert info.memory_loss.execution_id == result.execution.id
    assert words in info.memory_loss.message
    assert session.run("open('kept').read()").text == "'1'"


@pytest.mark.unless_runtime("runsc", "code can end its own sandbox: docs/security/gvisor.md")
def test_killing_the_agent_does_nothing(shared_session: Session) -> None:
    result = shared_session.run(
        "import os; x = 5\n"
        "try: os.kill(1, 9)\n"
        "except PermissionError: pass  # from Linux 6.12 on\n"
        "x"
    )
    assert (result.failure, result.text) == (None, "5")


def test_a_session_that_lost_nothing_says_nothing(session: Session, client: Client) -> None:
    session.run("1 / 0")
    assert client.sessions.get(session.id).info.memory_loss is None


def test_a_restart_on_request_is_a_loss_too(session: Session, client: Client) -> None:
    session.restart()
    loss = client.sessions.get(session.id).info.memory_loss
    assert loss is not None
    assert (loss.message, loss.execution_id) == ("restarted on request", "")


def test_a_restart_ends_what_was_accepted_before_it(session: Session) -> None:
    events = iter(session.execute("while True: pass", time_limit=20))
    assert isinstance(next(events), Queued)
    session.restart()
    *_, end = events
    assert isinstance(end, Completed)
    assert end.execution.failure is not None
    assert end.execution.failure.cause is FailureCause.SESSION_RESTARTED


@pytest.mark.unless_runtime("runsc", "so much at once ends the sandbox: docs/security/gvisor.md")
def test_running_out_of_memory_is_named(client: Client) -> None:
    with client.sessions.create(limits=Limits(memory_bytes=256 * 2**20)) as session:
        session.run("open('kept', 'w').write('1')")
        result = session.run("x = bytearray(2**30)")
        assert result.failure is not None
        assert result.failure.cause is FailureCause.OUT_OF_MEMORY
        assert "out of memory: limit 256 MiB" in result.failure.message
        assert result.failure.memory_lost
        (restarted,) = (event for event in result.events if isinstance(event, KernelRestarted))
        assert restarted.kernel_generation == 2
        after = session.run("open('kept').read()")
        assert after.text == "'1'"
        assert any(
            isinstance(event, Started) and event.kernel_generation == 2 for event in after.events
        )
