"""Sandbox processes killed from the host, and containers stopped or removed outside Cellblock."""

from collections.abc import Callable, Iterator

import pytest

from cellblock_client import Client, ExecutionInfo, ExecutionStatus, FailureCause, SessionState
from cellblock_client.client import Session
from cellblock_client.events import Completed, Event, KernelRestarted, Stdout
from tests.support.engine import containers, docker
from tests.support.host import agent_of, fork_server_of, kernel_of
from tests.support.waiting import until

pytestmark = [
    pytest.mark.engine,
    pytest.mark.unless_runtime("runsc", "the host sees none of its processes"),
]

ENDLESS = "import time\nprint('shown', flush=True)\nwhile True: time.sleep(0.01)"


@pytest.fixture
def container(client: Client, instance: str, session: Session) -> str:
    """Id of the session's own container; sandboxes of other tests can run at the same time."""
    session.run("x = 5; open('kept', 'w').write('kept')")
    code = "open('/proc/self/mountinfo').read()"
    shown = session.run(f"print({code})").stdout
    (name,) = (name for name in containers(instance) if name.removeprefix("cellblock-") in shown)
    return name


def begin(session: Session) -> Iterator[Event]:
    """Run endless code; return its events after the first output."""
    events = iter(session.execute(ENDLESS, time_limit=60))
    while not isinstance(next(events), Stdout):
        continue
    return events


def end(events: Iterator[Event]) -> ExecutionInfo:
    *_, last = events
    assert isinstance(last, Completed)
    return last.execution


def test_a_killed_kernel_is_named_and_replaced(session: Session, container: str) -> None:
    events = begin(session)
    kernel_of(container).kill()
    rest = list(events)
    assert any(isinstance(event, KernelRestarted) for event in rest)
    failure = end(iter(rest)).failure
    assert failure is not None
    assert (failure.cause, failure.memory_lost) == (FailureCause.KERNEL_DIED, True)
    assert "signal SIGKILL" in failure.message
    assert session.run("open('kept').read()").text == "'kept'"


def test_a_killed_fork_server_disturbs_nothing(session: Session, container: str) -> None:
    fork_server_of(container).kill()
    assert session.run("x").text == "5"
    session.restart()
    assert session.run("open('kept').read()").text == "'kept'"


def kill_agent(container: str) -> None:
    agent_of(container).kill()


def remove(container: str) -> None:
    docker("rm", "--force", container)


def stop(container: str) -> None:
    docker("stop", container)


ENDS: dict[Callable[[str], None], tuple[str, ...]] = {
    kill_agent: ("the sandbox exited with code 137",),
    # The engine may have forgotten it when it is asked.
    remove: ("the sandbox exited with code 137", "the sandbox was removed"),
    stop: ("the sandbox exited with code 137",),
}


@pytest.mark.parametrize("do", ENDS, ids=lambda do: do.__name__)
def test_all_waiting_callers_learn_that_the_sandbox_ended(
    client: Client, session: Session, container: str, do: Callable[[str], None]
) -> None:
    running = begin(session)
    waiting = iter(session.execute("1"))
    next(waiting)
    do(container)
    ended = end(running)
    assert ended.status is ExecutionStatus.FAILED
    assert ended.failure is not None
    assert (ended.failure.cause, ended.failure.memory_lost) == (FailureCause.SANDBOX_LOST, True)
    (shown,) = client.executions.get(ended.id).outputs
    assert str(shown).startswith("shown\n[Failed: the sandbox was lost: ")
    assert end(waiting).status is ExecutionStatus.EXPIRED
    until(lambda: session.refresh().state is SessionState.FAILED)
    assert session.info.end_reason == "SANDBOX_LOST"
    assert session.info.end_message in ENDS[do]
    until(lambda: container not in docker("ps", "--all", "--format", "{{.Names}}").split())
