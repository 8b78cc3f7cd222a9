"""Code that runs too long or is stopped ends, and keeps variables if it can be interrupted."""

import time
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.agent import RunningAgent, Shown
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow

# Reports that the code is at the point where it is to be stopped.
BEGIN = "open('begun', 'w').close()\n"
POLITE = {
    "a loop": "while True: pass",
    "a sleep": "import time; time.sleep(1000)",
    "a sleep in a task": "import asyncio; await asyncio.sleep(1000)",
    "a child process": "import subprocess; subprocess.run(['sleep', '1000'])",
    "a shell line": "get_ipython().system('sleep 1000')",
    "a thread that is waited for": "import threading; threading.Event().wait()",
    # Another of its threads takes the signal then.
    "code that blocks all signals": (
        "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\n"
        "while True: abs(1)"
    ),
}
STUBBORN = {
    "C code that never looks for signals": BEGIN + "sum(range(10**15))",
    "code that catches the interrupt": (
        "import time\n"
        "while True:\n"
        f"    try: {BEGIN.strip()}; time.sleep(1000)\n"
        "    except KeyboardInterrupt: pass"
    ),
    "code that ignores the signal": (
        f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n{BEGIN}while True: pass"
    ),
    "a stopped kernel": (
        f"import os, signal; {BEGIN.strip()}; os.kill(os.getpid(), signal.SIGSTOP)"
    ),
}
STUBBORN_CHILDREN = "trap '' INT TERM; echo $$; setsid sleep 1000 & echo $!; touch begun; wait"
TIME_LIMIT = 1
WAYS = ["time limit", "cancel"]


async def stopped(agent: RunningAgent, code: str, way: str, grace: float) -> Shown:
    """Run code and stop it in the given way."""
    if way == "time limit":
        return await agent.run(code, timeout=TIME_LIMIT, grace=grace)
    name = await agent.start(code)
    await eventually((agent.data / "begun").exists)
    (agent.data / "begun").unlink()
    for _ in range(2):  # again changes nothing
        await agent.stream.interrupt_execution(name, timedelta(seconds=grace))
    return await agent.read(name)


async def test_code_runs_within_its_reported_times(agent: RunningAgent) -> None:
    """The message of its beginning waits for later output."""
    for _ in range(20):
        shown = await agent.run("__import__('time').time_ns()")
        ended = shown.end
        # Jupyter's dates have microseconds.
        assert ended.kernel_begin_nanos // 1000 <= int(shown.result) // 1000
        assert int(shown.result) <= ended.kernel_end_nanos


async def test_code_whose_beginning_is_a_lie_began_when_it_was_asked_for(
    agent: RunningAgent,
) -> None:
    await agent.run(
        "kernel = get_ipython().kernel\n"
        "make = kernel.session.msg_header\n"
        "kernel.session.msg_header = lambda kind: make(kind) | {'date': '1970-01-01T00:00:00Z'}"
    )
    before = time.time_ns()
    ended = (await agent.run("1")).end
    assert before <= ended.kernel_begin_nanos <= ended.kernel_end_nanos


async def test_an_interrupt_that_comes_before_the_code_is_kept_for_it(agent: RunningAgent) -> None:
    """IPython's callbacks swallowed it, and the code continued until its kernel was replaced."""
    before = "import time\ndef before(info):\n    open('begun', 'w').close(); time.sleep(0.5)\n"
    await agent.run(f"{before}get_ipython().events.register('pre_run_cell', before)")
    shown = await stopped(agent, "x = 5\nwhile True: pass", "cancel", grace=30)
    assert not shown.end.memory_lost


def outcome(way: str) -> tuple[str, str]:
    """Return the outcome and its message."""
    if way == "time limit":
        return "TIME_LIMIT", f"time limit of {TIME_LIMIT} s reached"
    return "INTERRUPTED", "interrupted"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("code", POLITE.values(), ids=POLITE)
async def test_what_can_be_interrupted_is_and_keeps_its_variables(
    agent: RunningAgent, code: str, way: str
) -> None:
    await agent.run("x = 1")
    shown = await stopped(agent, BEGIN + code, way, grace=10)
    assert (shown.outcome, shown.end.message) == outcome(way)
    assert not shown.end.memory_lost
    assert "kernel_restarted" not in shown.kinds()
    assert (await agent.run("x")).result == "1"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("code", STUBBORN.values(), ids=STUBBORN)
async def test_what_can_not_is_killed_and_the_kernel_replaced(
    agent: RunningAgent, code: str, way: str
) -> None:
    await agent.run("x = 1")
    shown = await stopped(agent, code, way, grace=0.3)
    expected, words = outcome(way)
    assert shown.outcome == expected
    assert shown.end.message == f"{words}; a new kernel was started, and all variables are lost"
    assert shown.end.memory_lost
    assert "kernel_restarted" in shown.kinds()
    assert (await agent.run("'x' in globals()")).result == "False"


@pytest.mark.parametrize("way", WAYS)
async def test_all_that_it_started_goes_and_what_ran_before_stays(
    agent: RunningAgent, way: str
) -> None:
    before = await agent.run("import subprocess; subprocess.Popen(['sleep', '1000']).pid")
    shown = await stopped(
        agent, f"subprocess.run({STUBBORN_CHILDREN!r}, shell=True)", way, grace=10
    )
    assert (shown.outcome, shown.end.memory_lost) == (outcome(way)[0], False)
    pids = shown.text().split()
    assert len(pids) == 2
    await eventually(lambda: not any(map(runs, pids)))
    assert runs(before.result)


def runs(pid: str) -> bool:
    """Return whether a process exists and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
