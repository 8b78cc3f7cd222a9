"""`cellblock doctor`: checks whether a server can run here, and whether it can be reached."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from cellblock_client.channel import ADDRESS_VARIABLE
from cellblock_client.cli.access import open_client
from cellblock_client.cli.output import Json, in_json, write_json
from cellblock_client.cli.words import plain
from cellblock_client.client import Client
from cellblock_client.errors import Error, PermissionDeniedError
from cellblock_client.server_types import ServerStatus

OK, WARNING, PROBLEM = "ok", "warning", "problem"
COLOURS = {OK: "green", WARNING: "yellow", PROBLEM: "bold red"}
SERVERS_DOCTOR = (sys.executable, "-P", "-m", "cellblock_server.ops.doctor")
"""Command of a separate process: the client does not import the server. `-P` as for the server."""
DOCTOR_SECONDS = 120
ANSWER_SECONDS = 10.0
MAX_SKEW_SECONDS = 2.0
NEARLY_FULL = 0.9


@dataclass(frozen=True)
class Finding:
    """Result of one check, with advice."""

    check: str
    level: str
    message: str
    advice: str = ""


def doctor(
    config: Annotated[
        Path | None, typer.Option(help="The server's configuration file.", dir_okay=False)
    ] = None,
    state_dir: Annotated[str | None, typer.Option(help="The server's state directory.")] = None,
    backend: Annotated[str | None, typer.Option(help="docker or local.")] = None,
    address: Annotated[
        str | None,
        typer.Option(
            "--address",
            envvar=ADDRESS_VARIABLE,
            help="A server to call, with the key and TLS given.",
        ),
    ] = None,
    as_json: Json = None,
) -> None:
    """Check this machine and the configuration, and suggest fixes.

    Reads the configuration as `cellblock serve` does, and changes nothing. Exit code: 0 without a
    problem, else 1; a warning isn't a problem.
    """
    options = {"--config": config, "--state-dir": state_dir, "--backend": backend}
    arguments = [f"{name}={value}" for name, value in options.items() if value is not None]
    console = Console(markup=False, emoji=False, highlight=False, soft_wrap=True)
    bad = False
    for finding in _findings(arguments, address):
        bad = bad or finding.level == PROBLEM
        if in_json(as_json):
            write_json([finding])
        else:
            _show(console, finding)
    raise typer.Exit(int(bad))


def _findings(arguments: list[str], address: str | None) -> Iterator[Finding]:
    if find_spec("cellblock_server") is not None:
        yield from _server_findings(arguments)
    elif not address:
        yield Finding(
            "server",
            PROBLEM,
            "no server is installed here",
            f"set {ADDRESS_VARIABLE}, or --address",
        )
    if address:
        yield from _call_findings(address)


def _server_findings(arguments: list[str]) -> Iterator[Finding]:
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            [*SERVERS_DOCTOR, *arguments],
            check=False,
            capture_output=True,
            text=True,
            timeout=DOCTOR_SECONDS,
        )
    except subprocess.TimeoutExpired:
        yield Finding(
            "doctor", PROBLEM, f"it took over {DOCTOR_SECONDS} s", "check the disk's load"
        )
        return
    for line in done.stdout.splitlines():
        yield Finding(**json.loads(line))
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        yield Finding("doctor", PROBLEM, f"it failed: {last}", "reinstall cellblock")


def _call_findings(address: str) -> Iterator[Finding]:
    try:
        with open_client(address) as client:
            list(islice(client.sessions.list(timeout=ANSWER_SECONDS), 1))
            yield Finding("call", OK, f"{address} responds and accepts the API key")
            yield from _status_findings(client)
    except (Error, OSError) as error:
        advice = "check the address, the key and TLS: docs/operate/access.md"
        yield Finding("call", PROBLEM, f"{address}: {error}", advice)


def _status_findings(client: Client) -> Iterator[Finding]:
    before = datetime.now(UTC)
    try:
        status = client.admin.server_status(timeout=ANSWER_SECONDS)
    except PermissionDeniedError:
        yield Finding("status", OK, "not checked: needs an admin key")
        return
    half = (datetime.now(UTC) - before) / 2
    skew = abs((status.time - before - half).total_seconds())
    yield from _readiness_findings(status)
    yield from _background_task_findings(status)
    if skew > MAX_SKEW_SECONDS + half.total_seconds():
        advice = "synchronize both clocks (NTP)"
        yield Finding("clock", WARNING, f"the server's is {skew:.1f} s from this one's", advice)
    if status.version != version("cellblock"):
        words = f"the server is of release {status.version}, this client of {version('cellblock')}"
        yield Finding("release", WARNING, words, "use the same release")
    used = len(status.sessions) + status.creating_sessions
    if used > NEARLY_FULL * status.max_sessions:
        words = f"{used} of {status.max_sessions} sessions are in use"
        yield Finding("sessions", WARNING, words, "raise sessions.max_sessions, or end some")


def _readiness_findings(status: ServerStatus) -> Iterator[Finding]:
    problems = {name: problem for name, problem in status.problems.items() if problem}
    if not problems:
        yield Finding("readiness", OK, "the server is ready")
    for name, problem in problems.items():
        yield Finding("readiness", PROBLEM, f"{name}: {problem}", "fix it: see the server's log")


def _background_task_findings(status: ServerStatus) -> Iterator[Finding]:
    failing = [task for task in status.background_tasks if task.failing]
    if not failing:
        yield Finding("background tasks", OK, f"all {len(status.background_tasks)} run")
    for task in failing:
        words = f"{task.name} failed {task.failures} times, last: {task.last_failure}"
        advice = f"it is restarted by itself; its log has the traceback (task={task.name})"
        yield Finding("background tasks", WARNING, words, advice)


def _show(console: Console, finding: Finding) -> None:
    line = Text(f"{finding.level:<8}", style=COLOURS[finding.level])
    line.append(f"{plain(finding.check)}: {plain(finding.message)}", style="default")
    console.print(line)
    if finding.level != OK:
        console.print(Text(f"{'':<8}→ {plain(finding.advice)}"))
