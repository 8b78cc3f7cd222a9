"""A compressed day of one server: bursts, work, idle times longer than every timer, and a night.

Its times are injected, so that a minute has what takes a real server a day: the pool grows and
decays, its sandboxes reach their highest age, sessions expire, files and records are forgotten.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from cellblock_client import AsyncClient, Role
from cellblock_client.aio import AsyncSession
from cellblock_client.errors import ResourceExhaustedError
from tests.day.vanishing import vanish
from tests.soak.counts import GROWTH, Counted, Counts
from tests.soak.work import EVERYTHING, Caller, text
from tests.support.callers import admin_key
from tests.support.engine import containers
from tests.support.server import ServerProcess
from tests.support.waiting import eventually

COMMAND = (sys.executable, "-P", "-m", "tests.soak.server")
REPOSITORY = Path(__file__).parents[2]
SETTLE_SECONDS = 120
COUNT_SECONDS = 1.0
"""Between two counts of what is left."""
TIMINGS: dict[str, dict[str, float]] = {
    "pool": {"check": 0.5, "demand": 3.0},
    "keeper": {"housekeeping": 0.5, "reconcile": 1.0},
    "retention": {"pause": 0.5, "sweep": 2.0},
    "audit": {"retention": 0.5},
    "billing": {"pause": 0.5},
    "meter": {"pause": 0.5},
    "readiness": {"pause": 0.5},
}
MAX_AGE_SECONDS = 4
IDLE_SECONDS = 2.5 * MAX_AGE_SECONDS
"""Longer than each timer above, and than two ages of the pool's sandboxes."""
MAX_SESSIONS = 6
COMMON = {
    "CELLBLOCK_SESSIONS__MAX_SESSIONS": str(MAX_SESSIONS),
    "CELLBLOCK_SESSIONS__RETENTION": "3",
    "CELLBLOCK_FILES__RETENTION": "8",
    "CELLBLOCK_AUDIT__RETENTION": "1",
    "CELLBLOCK_EXECUTIONS__GRACE": "0.5",
    "CELLBLOCK_POOL__MAX_AGE": str(MAX_AGE_SECONDS),
    "CELLBLOCK_POOL__MAX_SIZE": "6",
}


@dataclass(frozen=True)
class Deployment:
    """The server's configuration and the programs that call it."""

    name: str
    environment: Mapping[str, str]
    pool: int
    tenants: Sequence[str] = ()
    """Empty: without keys."""


LAPTOP = Deployment("laptop", {"CELLBLOCK_POOL__SIZE": "1"}, pool=1)
TEAM = Deployment(
    "team",
    {
        "CELLBLOCK_POOL__SIZE": "2",
        "CELLBLOCK_AUTH__REQUIRED": "true",
        "CELLBLOCK_CONSOLE__LISTEN": "127.0.0.1:0",
        "CELLBLOCK_TELEMETRY__METRICS_LISTEN": "127.0.0.1:0",
    },
    pool=2,
    tenants=("research", "support"),
)
DEPLOYMENTS = {deployment.name: deployment for deployment in (LAPTOP, TEAM)}


@dataclass
class Day:
    """Measurements of a server over its simulated days."""

    before: Counts
    after: Counts = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    """Lines of the log with a traceback, failed background tasks, and what was left behind."""

    def problems(self) -> list[str]:
        """Return the problems found; empty if the days passed without any."""
        grown = {name: self.after[name] - self.before[name] for name in self.before}
        leaks = [
            f"{name}: {more:.1f} more than in the morning"
            for name, more in grown.items()
            if more > GROWTH[name]
        ]
        return [*leaks, *self.faults]

    def table(self) -> str:
        """Return all counts as a table for people."""
        lines = [f"{'':22}{'morning':>10}{'night':>10}{'allowed':>10}"]
        for name, before in self.before.items():
            lines.append(f"{name:22}{before:10.1f}{self.after[name]:10.1f}{GROWTH[name]:10.1f}")
        lines.append(", ".join(f"{name} {count}" for name, count in sorted(self.done.items())))
        return "\n".join(lines)


async def live_days(deployment: Deployment, days: int, folder: Path) -> Day:
    """Run a server for so many days after a first one that warms it up; keep all in `folder`."""
    with _server(deployment, folder) as (process, counted):
        pid = process.pid
        async with _clients(deployment, process) as (admin, clients):
            done: Counter[str] = Counter()
            random = Random(1)  # noqa: S311 - no secret
            await Caller(process.address, 0, done, clients[0][1]).do_everything()
            await _live_day(clients, process.address, random, done)
            await eventually(counted.is_idle, SETTLE_SECONDS)
            day = Day(counted.counts())
            done.clear()
            for _ in range(days):
                await _live_day(clients, process.address, random, day.done)
                await eventually(counted.is_idle, SETTLE_SECONDS)
            await _settle(day, counted)
            tasks = (await admin.admin.server_status()).background_tasks
            day.faults += [f"{task.name}: {task.last_failure}" for task in tasks if task.failures]
        assert process.pid == pid
        assert process.stop() == 0
        day.faults += _tracebacks(process.log)
        left = [*containers((process.state / "instance").read_text())]
        day.faults += [f"left behind: {name}" for name in left]
        return day


async def _settle(day: Day, counted: Counted) -> None:
    """Count until all counts are within their limits: the pool replaces old sandboxes meanwhile."""
    end = asyncio.get_running_loop().time() + SETTLE_SECONDS
    while True:
        day.after = counted.counts()
        if not day.problems() or asyncio.get_running_loop().time() > end:
            return
        await asyncio.sleep(COUNT_SECONDS)


@contextmanager
def _server(deployment: Deployment, folder: Path) -> Iterator[tuple[ServerProcess, Counted]]:
    temporary, tasks = folder / "tmp", folder / "tasks"
    temporary.mkdir()
    environment = {
        **COMMON,
        **deployment.environment,
        "PYTHONPATH": str(REPOSITORY),
        "TMPDIR": str(temporary),
        "SOAK_TASKS": str(tasks),
        "TEST_TIMINGS": json.dumps(TIMINGS),
    }
    process = ServerProcess(folder, environment, COMMAND)
    try:
        process.start()
        yield process, Counted(process, tasks, temporary, deployment.pool)
    finally:
        process.end()


@asynccontextmanager
async def _clients(
    deployment: Deployment, process: ServerProcess
) -> AsyncIterator[tuple[AsyncClient, list[tuple[AsyncClient, str]]]]:
    """An operator's client, and one for each tenant with its key."""
    async with AsyncExitStack() as stack:
        if not deployment.tenants:
            client = await stack.enter_async_context(AsyncClient(process.address))
            yield client, [(client, "")]
            return
        admin = await stack.enter_async_context(
            AsyncClient(process.address, api_key=admin_key(process))
        )
        clients = []
        for tenant in deployment.tenants:
            await admin.admin.create_tenant(tenant)
            key = (await admin.admin.create_key(tenant, Role.EXECUTOR)).secret
            client = AsyncClient(process.address, api_key=key)
            clients.append((await stack.enter_async_context(client), key))
        yield admin, clients


async def _live_day(
    clients: Sequence[tuple[AsyncClient, str]], address: str, random: Random, done: Counter[str]
) -> None:
    # Morning: all clients arrive together; the pool grows with them.
    await asyncio.gather(*(_burst(client, MAX_SESSIONS // 2, done) for client, _key in clients))
    # A pause in which nothing is called. The pool decays, and all of it reaches its age.
    await asyncio.sleep(IDLE_SECONDS)
    # Work now and then, among it a program that is killed.
    await asyncio.gather(
        *(_work(client, random, done) for client, _key in clients),
        asyncio.to_thread(vanish, address, clients[0][1]),
    )
    # More concurrent sessions than there is room for.
    await asyncio.gather(*(_burst(client, MAX_SESSIONS, done) for client, _key in clients))
    await asyncio.sleep(IDLE_SECONDS)


async def _burst(client: AsyncClient, count: int, done: Counter[str]) -> None:
    """Create sessions concurrently and use them; delete every other one, let the rest expire."""
    sessions = await asyncio.gather(*(_create(client, done) for _ in range(count)))
    made = [session for session in sessions if session is not None]
    await asyncio.gather(*(text(client, session) for session in made))
    await asyncio.gather(
        *(session.delete() for session in made[::2]),
        *(session.update(idle_timeout=0.2) for session in made[1::2]),
    )


async def _create(client: AsyncClient, done: Counter[str]) -> AsyncSession | None:
    try:
        session = await client.sessions.create()
    except ResourceExhaustedError:
        done["refused"] += 1
        return None
    done["sessions"] += 1
    return session


async def _work(client: AsyncClient, random: Random, done: Counter[str]) -> None:
    session = await _create(client, done)
    if session is None:
        return
    async with session:
        for step in random.sample(EVERYTHING, 3):
            await step(client, session)
            done[step.__name__] += 1


def _tracebacks(log: Path) -> list[str]:
    lines: list[dict[str, Any]] = [
        json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")
    ]
    return [str(line) for line in lines if "exception" in line]
