"""Background tasks: a failure is logged, counted, shown and retried, and ends nothing else."""

import asyncio
from collections import Counter

import pytest

from cellblock_server.common.errors import UnavailableError
from cellblock_server.common.supervisor import RestartPauses, Supervisor
from tests.support.waiting import eventually

SOON = RestartPauses(first=0.001, longest=0.004, steady=60)


class Failing:
    """A loop that raises what it is given, one after the other, and then runs on."""

    def __init__(self, *failures: BaseException | None) -> None:
        self.failures = list(failures)
        self.runs = 0

    async def run(self) -> None:
        self.runs += 1
        if self.failures:
            failure = self.failures.pop(0)
            if failure is None:
                return
            raise failure
        await asyncio.Event().wait()


@pytest.mark.parametrize(
    "failure",
    [
        RuntimeError("a bug"),
        BaseExceptionGroup("several", [ValueError("one"), KeyError("two")]),
        UnavailableError("ENGINE_UNREACHABLE", "away"),
        # gRPC raises it by itself when a channel is closed under a call.
        asyncio.CancelledError(),
        # As a loop that returns.
        None,
    ],
)
async def test_failed_loop_is_restarted_and_other_loops_run_on(
    failure: BaseException | None,
) -> None:
    counted: Counter[str] = Counter()
    supervisor = Supervisor(lambda name: counted.update([name]), pauses=SOON)
    failing, healthy = Failing(failure, failure), Failing()
    async with (
        supervisor.supervise("failing", failing.run),
        supervisor.supervise("healthy", healthy.run),
    ):
        await eventually(lambda: failing.runs == 3)
        assert (healthy.runs, counted) == (1, {"failing": 2})
        assert [status.name for status in supervisor.failing()] == ["failing"]
        assert supervisor.failing()[0].restart_time is None


async def test_pause_doubles_up_to_longest_and_starts_over_after_a_steady_run() -> None:
    pauses: list[float] = []
    now = 0.0
    supervisor = Supervisor(
        pauses=RestartPauses(first=1, longest=4, steady=60), monotonic=lambda: now
    )

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async def run() -> None:
        nonlocal now
        if len(pauses) == 4:
            now += 60
        if len(pauses) == 6:
            await asyncio.Event().wait()
        raise RuntimeError("a bug")

    with pytest.MonkeyPatch.context() as patch:
        real = asyncio.sleep
        patch.setattr("cellblock_server.common.supervisor.asyncio.sleep", sleep)
        async with supervisor.supervise("loop", run):
            while len(pauses) < 6:
                await real(0)
    assert pauses == [1, 2, 4, 4, 1, 2]


async def test_failing_task_is_shown_until_it_has_run_well_for_long_enough() -> None:
    now = 0.0
    supervisor = Supervisor(pauses=SOON, monotonic=lambda: now)
    loop = Failing(RuntimeError("a bug with a secret"))
    async with supervisor.supervise("loop", loop.run):
        await eventually(lambda: loop.runs == 2)
        (status,) = supervisor.failing()
        assert (status.failures, status.last_failure) == (1, "RuntimeError: a bug with a secret")
        assert status.last_failure_time is not None
        now = 60
        assert supervisor.failing() == []
        assert supervisor.statuses()[0].failures == 1
    assert supervisor.statuses() == []


async def test_failure_is_logged_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    supervisor = Supervisor(pauses=SOON)
    loop = Failing(RuntimeError("a bug"), UnavailableError("STORE_FAILED", "the disk is full"))
    async with supervisor.supervise("loop", loop.run):
        await eventually(lambda: loop.runs == 3)
    text = capsys.readouterr().out
    assert text.count("background_task_failed") == 2
    assert text.count("Traceback") == 1
    assert "the disk is full" in text


async def test_leaving_the_block_cancels_a_loop_that_runs_or_waits() -> None:
    supervisor = Supervisor(pauses=RestartPauses(first=3600))
    running, waiting = Failing(), Failing(RuntimeError("a bug"))
    async with (
        supervisor.supervise("running", running.run),
        supervisor.supervise("waiting", waiting.run),
    ):
        await eventually(lambda: bool(supervisor.failing()))
        assert supervisor.failing()[0].restart_time is not None
    assert (running.runs, waiting.runs) == (1, 1)


async def test_leaving_the_block_ends_a_loop_whose_cancellation_becomes_another_error() -> None:
    supervisor = Supervisor(pauses=SOON)
    runs = 0

    async def run() -> None:
        nonlocal runs
        runs += 1
        try:
            await asyncio.Event().wait()
        finally:
            raise LookupError("a bug in its cleanup")

    async with asyncio.timeout(10), supervisor.supervise("loop", run):
        await eventually(lambda: runs == 1)
    assert runs == 1


async def test_task_set_outlives_the_failure_of_one_task() -> None:
    supervisor = Supervisor()
    tasks = supervisor.task_set("ends")
    ended: list[str] = []

    async def work(name: str, error: BaseException | None = None) -> None:
        await asyncio.sleep(0)
        if error is not None:
            raise error
        ended.append(name)

    failed = tasks.start(work("one", RuntimeError("a bug")))
    tasks.start(work("two", asyncio.CancelledError()))
    tasks.start(work("three"))
    await tasks.join()
    # Those who wait for a task do not get its failure: it has been reported.
    await failed
    # And more can be started.
    tasks.start(work("four"))
    await tasks.join()
    assert ended == ["three", "four"]
    assert [(status.name, status.failures) for status in supervisor.statuses()] == [("ends", 2)]


async def test_task_set_waits_for_tasks_that_tasks_start() -> None:
    tasks = Supervisor().task_set("chain")
    ended: list[int] = []

    async def work(left: int) -> None:
        await asyncio.sleep(0)
        if left:
            tasks.start(work(left - 1))
        ended.append(left)

    tasks.start(work(3))
    await tasks.join()
    assert ended == [3, 2, 1, 0]


async def test_cancelled_task_set_reports_nothing() -> None:
    supervisor = Supervisor()
    tasks = supervisor.task_set("ends")
    task = tasks.start(Failing().run())
    await asyncio.sleep(0)
    await tasks.cancel()
    assert task.cancelled()
    assert supervisor.statuses()[0].failures == 0
