"""`cellblock top`: a live view of the server's status."""

import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cellblock_client.channel import ADDRESS_VARIABLE
from cellblock_client.cli.access import open_client
from cellblock_client.cli.output import Json, in_json, write_json
from cellblock_client.cli.tables import WIDTH_WITHOUT_TERMINAL, table_of
from cellblock_client.cli.words import plain
from cellblock_client.client import Client
from cellblock_client.errors import DeadlineExceededError, UnavailableError
from cellblock_client.server_types import BackgroundTaskStatus, ServerStatus, SessionStatus

MIB = 2**20
ANSWER_SECONDS = 10.0
LEAST_SECONDS = 0.5
HEAD_LINES = 6
"""Lines of the screen above the sessions, and for the prompt below them."""
SPANS = ((86400, "d"), (3600, "h"), (60, "m"))


def top(
    once: Annotated[bool, typer.Option("--once", help="Print the status once and exit.")] = False,
    as_json: Json = None,
    interval: Annotated[
        float, typer.Option(min=LEAST_SECONDS, help="Seconds between two updates.")
    ] = 2.0,
    address: Annotated[
        str | None,
        typer.Option("--address", envvar=ADDRESS_VARIABLE, help="host:port or unix:/path."),
    ] = None,
) -> None:
    """Watch the server: readiness, pool, and the CPU and memory of sessions.

    Needs an admin key, where keys are needed. The busiest sessions come first; Ctrl-C ends it.
    """
    with open_client(address) as client:
        if in_json(as_json):
            write_json([client.admin.server_status()])
        elif once:
            screen = Console(width=WIDTH_WITHOUT_TERMINAL, markup=False, emoji=False)
            screen.print(shown(client.admin.server_status(), None))
        else:
            _watch(client, interval)


def shown(status: ServerStatus, most: int | None) -> Group:
    """Format a status for people, with `most` sessions at most."""
    sessions = sorted(status.sessions, key=lambda one: (-one.cpus, one.create_time))
    rows = sessions if most is None else sessions[:most]
    hidden = len(sessions) - len(rows)
    more = [Text(f"… and {hidden} more sessions")] if hidden else []
    return Group(*_head(status), _table(rows, status.time), *more)


def _watch(client: Client, interval: float) -> None:
    # Ctrl-C is the normal way to end it.
    with suppress(KeyboardInterrupt), Live(screen=True, auto_refresh=False) as live:
        while True:
            room = max(1, live.console.height - HEAD_LINES)
            try:
                status = client.admin.server_status(timeout=ANSWER_SECONDS)
                live.update(shown(status, room), refresh=True)
            except (UnavailableError, DeadlineExceededError) as error:
                # The server may come back, and the user waits for that.
                words = f"no answer from {client.address}: {error}"
                live.update(Text(plain(words), style="bold red"), refresh=True)
            time.sleep(interval)


def _head(status: ServerStatus) -> Iterator[Text]:
    up = _span(status.time, status.start_time)
    yield Text(
        f"cellblock {status.version} ({status.backend}), up {up}, {status.time:%H:%M:%S} UTC"
    )
    problems = {name: problem for name, problem in status.problems.items() if problem}
    if not problems:
        yield Text("ready", style="green")
    for name, problem in problems.items():
        yield Text(f"NOT READY: {name}: {plain(problem)}", style="bold red")
    for task in status.background_tasks:
        if task.failing:
            yield Text(_failing_task(task, status.time), style="yellow")
    running = sum(bool(one.running_execution_id) for one in status.sessions)
    waiting = sum(one.waiting_executions for one in status.sessions)
    cpus = sum(one.cpus for one in status.sessions)
    yield Text(
        f"sessions {len(status.sessions)} of {status.max_sessions}"
        f" (+{status.creating_sessions} starting); executions {running} running, "
        f"{waiting} waiting; {cpus:.2f} CPUs; pool {status.pool_waiting} waiting, "
        f"{status.pool_starting} starting, {status.pool_wanted} wanted"
    )


def _failing_task(task: BackgroundTaskStatus, now: datetime) -> str:
    again = ""
    if task.restart_time is not None:
        again = f", restarts in {max(0, (task.restart_time - now).total_seconds()):.0f} s"
    times = "once" if task.failures == 1 else f"{task.failures} times"
    return f"background task {task.name} failed {times}{again}: {plain(task.last_failure)}"


def _table(rows: list[SessionStatus], now: datetime) -> Table:
    table = table_of(
        "session", "tenant", "state", "cpus", "cpu s", "memory", "runs", "wait", "age", "idle"
    )
    for one in rows:
        table.add_row(
            plain(one.session_id),
            plain(one.tenant_id),
            one.state.lower(),
            f"{one.cpus:.2f}",
            f"{one.cpu_seconds:.1f}",
            _memory(one),
            str(one.executions),
            str(one.waiting_executions),
            _span(now, one.create_time),
            "" if one.running_execution_id else _span(now, one.last_use_time),
        )
    return table


def _memory(one: SessionStatus) -> str:
    used = "?" if one.memory_bytes is None else f"{one.memory_bytes / MIB:.0f}"
    return f"{used} of {one.memory_limit_bytes / MIB:.0f} MiB"


def _span(now: datetime, then: datetime) -> str:
    seconds = max(0, int((now - then).total_seconds()))
    for length, unit in SPANS:
        if seconds >= length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
