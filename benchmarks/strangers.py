"""Measure what a caller with a key notices while others attack without one.

python -m benchmarks.strangers [ROUNDS] [SECONDS]

Quiet times and attacks take turns, so that both meet the same machine. An attack begins with the
time that is measured, and comes from another address (127.0.0.2) by a process of its own.
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.security.callers import Guarded, guarded
from tests.support.strangers import ATTACKS, attacking

from benchmarks.memory import peak_mib
from benchmarks.report import Row, print_header, print_table
from cellblock_client.client import Client

ROUNDS = 3
SECONDS = 10.0
WARM_UP = 30
MS = 1000


def main(rounds: int = ROUNDS, seconds: float = SECONDS) -> None:
    """Measure and print."""
    print_header("benchmarks.strangers")
    rows: list[Row] = [
        ("attack", "call", "calls", "quiet p50, ms", "quiet p99, ms", "p50", "p99", "failed", "MiB")
    ]
    for attack in ATTACKS:
        rows += measure_attack(attack, rounds, seconds)
    print_table("Calls during an attack, as a multiple of the same without it", rows)


def measure_attack(attack: str, rounds: int, seconds: float) -> list[Row]:
    """Return a row for each kind of call, on a server of its own, so that no ban remains."""
    return [measure_call(attack, kind, rounds, seconds) for kind in ("get", "1+1", "connect")]


def measure_call(attack: str, kind: str, rounds: int, seconds: float) -> Row:
    """Return the times and failures of calls of one kind."""
    quiet: list[float] = []
    during: list[float] = []
    failed = 0
    growth = 0.0
    for _ in range(rounds):
        with (
            TemporaryDirectory() as folder,
            guarded(Path(folder)) as at,
            at.client(at.admin) as client,
            client.sessions.create() as session,
        ):
            made = call_of(kind, at, client, session.id)
            for _warm_up in range(WARM_UP):
                made()
            quiet += collect(made, seconds)[0]
            before = peak_mib(at.server.pid)
            with attacking(attack, at.address, seconds):
                times, errors = collect(made, seconds)
            during += times
            failed += errors
            growth = max(growth, peak_mib(at.server.pid) - before)
    return (
        attack,
        kind,
        str(len(during)),
        *(f"{share(quiet, part) * MS:.1f}" for part in (50, 99)),
        *(f"{share(during, part) / share(quiet, part):.1f}" for part in (50, 99)),
        str(failed),
        f"+{growth:.0f}",
    )


def call_of(kind: str, at: Guarded, client: Client, session_id: str) -> Callable[[], object]:
    """Make a call without side effects, run code, or call over a new connection."""

    def connect() -> None:
        with at.client(at.admin) as fresh:
            fresh.sessions.get(session_id)

    session = client.sessions.get(session_id)
    return {
        "get": lambda: client.sessions.get(session_id),
        "1+1": lambda: session.run("1+1"),
        "connect": connect,
    }[kind]


def collect(made: Callable[[], object], seconds: float) -> tuple[list[float], int]:
    """Collect the durations of consecutive calls, and the number that failed."""
    times: list[float] = []
    failed = 0
    end = time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        try:
            made()
        except Exception:  # noqa: BLE001 - counted
            failed += 1
        times.append(time.perf_counter() - began)
    return times, failed


def share(times: list[float], part: int) -> float:
    """Return the percentile of the calls' times."""
    return statistics.quantiles(times, n=100, method="inclusive")[part - 1]


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
