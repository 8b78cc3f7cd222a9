"""Runs mixed work for a while, and then checks what is left of it."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.soak.counts import GROWTH, POOL, Counted, Counts
from tests.soak.work import Caller
from tests.support.engine import containers
from tests.support.server import ServerProcess
from tests.support.waiting import eventually

COMMAND = (sys.executable, "-P", "-m", "tests.soak.server")
CALLERS = 4
TIMINGS = {"retention": {"pause": 1.0}, "audit": {"retention": 1.0}}
SETTLE_SECONDS = 90
"""Within this all is forgotten that is to be forgotten."""
SAMPLE_SECONDS = 10
ENVIRONMENT = {
    "CELLBLOCK_SESSIONS__MAX_SESSIONS": "6",
    "CELLBLOCK_SESSIONS__RETENTION": "3",
    "CELLBLOCK_FILES__RETENTION": "8",
    "CELLBLOCK_AUDIT__RETENTION": "1",
    "CELLBLOCK_EXECUTIONS__GRACE": "0.5",
    "CELLBLOCK_POOL__SIZE": str(POOL),
    "CELLBLOCK_POOL__MAX_SIZE": str(POOL),
}


@dataclass
class Soak:
    """Measurements of one soak run."""

    before: Counts
    after: Counts
    done: Counter[str]
    memory: list[float] = field(default_factory=list)
    """MiB, while there was work."""
    left: list[str] = field(default_factory=list)
    """Resources that the server left when it ended."""

    def leaks(self) -> list[str]:
        """Return the counts that grew over their limit, and the leftover resources."""
        grown = {name: self.after[name] - self.before[name] for name in self.before}
        found = [
            f"{name}: {grown[name]:.1f} more than after the warm-up"
            for name in grown
            if grown[name] > GROWTH[name]
        ]
        return [*found, *(f"left by the server: {name}" for name in self.left)]

    def table(self) -> str:
        """Return all counts as a table for people."""
        lines = [f"{'':22}{'warm':>10}{'end':>10}{'growth':>10}{'allowed':>10}"]
        for name in self.before:
            before, after = self.before[name], self.after[name]
            numbers = (before, after, after - before, GROWTH[name])
            lines.append(f"{name:22}" + "".join(f"{number:10.1f}" for number in numbers))
        lines.append(f"memory at work, MiB: {', '.join(f'{mib:.0f}' for mib in self.memory)}")
        lines.append(", ".join(f"{name} {count}" for name, count in sorted(self.done.items())))
        return "\n".join(lines)


async def soak(seconds: float, folder: Path) -> Soak:
    """Work for `seconds` after a warm-up that does everything once; keep all data in `folder`."""
    with _server(folder) as (process, counted):
        done: Counter[str] = Counter()
        callers = [Caller(process.address, number, done) for number in range(CALLERS)]
        await asyncio.gather(*(caller.do_everything() for caller in callers))
        await _settle(counted)
        before = counted.counts()
        done.clear()
        memory = await _work(callers, counted, seconds)
        await _settle(counted)
        found = Soak(before, counted.counts(), done, memory)
        assert process.stop() == 0
        found.left = _left(process, folder)
        return found


@contextmanager
def _server(folder: Path) -> Iterator[tuple[ServerProcess, Counted]]:
    temporary, tasks = folder / "tmp", folder / "tasks"
    temporary.mkdir()
    environment = {
        **ENVIRONMENT,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "TMPDIR": str(temporary),
        "SOAK_TASKS": str(tasks),
        "TEST_TIMINGS": json.dumps(TIMINGS),
    }
    process = ServerProcess(folder, environment, COMMAND)
    try:
        process.start()
        yield process, Counted(process, tasks, temporary)
    finally:
        process.end()


async def _work(callers: Sequence[Caller], counted: Counted, seconds: float) -> list[float]:
    """Run callers, and measure the server's memory regularly."""
    end = asyncio.get_running_loop().time() + seconds
    memory: list[float] = []
    async with asyncio.TaskGroup() as tasks:
        for caller in callers:
            tasks.create_task(caller.work(end))
        while (left := end - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(min(left, SAMPLE_SECONDS))
            memory.append(counted.memory())
    return memory


async def _settle(counted: Counted) -> None:
    """Wait until nothing is under way, and what is past its time is forgotten."""
    await eventually(counted.is_idle, SETTLE_SECONDS)


def _left(process: ServerProcess, folder: Path) -> list[str]:
    paths = [*(process.state / "run").iterdir(), *(folder / "tmp").iterdir()]
    return [*containers((process.state / "instance").read_text()), *map(str, paths)]
