"""Measures calls as the journal grows.

python -m benchmarks.growth [--events 1000 10000 100000 1000000] [--plot FILE]

The journal is filled with copies of one real execution, `1+1`, which has four events; the baseline
is the smallest journal. Writes build/bench/growth.json.
"""

import argparse
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from benchmarks.report import Row, print_header, print_table
from benchmarks.service import Service, service
from benchmarks.timing import Samples, repeat
from cellblock_client.client import Session

EVENTS = (10**3, 10**4, 10**5, 10**6)
EVENTS_EACH = 4
"""Number of events of `1+1`: queued, started, its result, completed."""
ROUNDS = 40
PAGE = 20
BUSY_SECONDS = 60
OUTPUT = Path("build") / "bench" / "growth.json"

CHUNK = 5_000
"""Executions that are copied in one transaction: the server writes between two."""
COPIED = {
    "run_steps": {"id": "step_copy_{}"},
    "executions": {"id": "call_copy_{}", "step_id": "step_copy_{}", "ordinal": "1{:08d}"},
    "events": {"execution_id": "call_copy_{}"},
}
"""Columns with new values in each copy."""


@dataclass
class Journal:
    """Server's database, filled directly."""

    path: Path
    execution_id: str
    """Id of the copied execution."""
    copies: int = 0

    def grow(self, events: int) -> None:
        """Copy the execution until there are at least `events` events."""
        wanted = events // EVENTS_EACH
        with closing(sqlite3.connect(self.path, timeout=BUSY_SECONDS)) as connection:
            originals = self._originals(connection)
            while self.copies < wanted:
                more = range(self.copies, min(self.copies + CHUNK, wanted))
                with connection:
                    for table, rows in originals.items():
                        _copy(connection, table, rows, more)
                self.copies += len(more)

    def _originals(self, connection: sqlite3.Connection) -> dict[str, list[dict[str, object]]]:
        connection.row_factory = sqlite3.Row
        (step,) = connection.execute(
            "SELECT step_id FROM executions WHERE id = ?", (self.execution_id,)
        ).fetchone()
        found = {
            "run_steps": ("SELECT * FROM run_steps WHERE id = ?", step),
            "executions": ("SELECT * FROM executions WHERE id = ?", self.execution_id),
            "events": ("SELECT * FROM events WHERE execution_id = ?", self.execution_id),
        }
        return {
            table: [dict(row) for row in connection.execute(query, (name,))]
            for table, (query, name) in found.items()
        }


def _copy(
    connection: sqlite3.Connection, table: str, rows: list[dict[str, object]], numbers: range
) -> None:
    names = list(rows[0])
    changed = COPIED[table]
    connection.executemany(
        f"INSERT INTO {table} VALUES ({', '.join('?' * len(names))})",  # noqa: S608 - our own
        (
            [changed[name].format(number) if name in changed else row[name] for name in names]
            for number in numbers
            for row in rows
        ),
    )


def main() -> None:
    """Measure, print, and draw if asked to."""
    options = _parser().parse_args()
    print_header("benchmarks.growth")
    found = {}
    for events, samples in measure(sorted(options.events)):
        print(f"{events} events: measured", flush=True)
        found[events] = samples
        OUTPUT.parent.mkdir(parents=True, exist_ok=True)
        # Results so far are kept, even if a later step fails.
        OUTPUT.write_text(
            json.dumps(
                {
                    events: {name: one.values for name, one in each.items()}
                    for events, each in found.items()
                }
            )
        )
    print_table("Medians as the journal grows", table(found))
    if options.plot:
        from benchmarks.growth_plot import draw

        draw(found, options.plot)


def measure(steps: list[int]) -> Iterator[tuple[int, dict[str, Samples]]]:
    """Return the seconds of each call, with the given number of events."""
    with service(1) as own:
        with own.client.sessions.create() as past:
            copied = past.run("1+1").execution.id
        journal = Journal(own.state / "cellblock.db", copied)
        with own.client.sessions.create() as session:
            for events in steps:
                journal.grow(events)
                calls = _calls(own, session, past)
                yield (
                    events,
                    {name: repeat(ROUNDS, call) for name, call in calls.items()}
                    | {"create, pool": Samples([_pooled(own) for _round in range(ROUNDS // 4)])},
                )


def _calls(own: Service, session: Session, past: Session) -> dict[str, Callable[[], object]]:
    client = own.client
    return {
        "1+1": lambda: session.run("1+1"),
        f"the first {PAGE} executions": lambda: list(islice(client.executions.list(past.id), PAGE)),
        f"the newest {PAGE} run steps": lambda: client.run_steps.list(
            session_id=past.id, limit=PAGE
        ),
        "a past execution's events": lambda: list(client.executions.watch("call_copy_1")),
        "ListSessions": lambda: next(iter(client.sessions.list())),
    }


def _pooled(own: Service) -> float:
    own.until_pool_is_full()
    sessions: list[Session] = []
    seconds = repeat(1, lambda: sessions.append(own.client.sessions.create())).median
    sessions[0].delete()
    return seconds


def table(found: dict[int, dict[str, Samples]]) -> list[Row]:
    """Return medians in ms, and the ratio of the last one to the baseline."""
    first, last = min(found), max(found)
    rows: list[Row] = [("ms", *(f"{events} events" for events in found), "times")]
    for name in found[first]:
        medians = [each[name].median * 1000 for each in found.values()]
        times = found[last][name].median / found[first][name].median
        rows.append((name, *(f"{median:.1f}" for median in medians), f"{times:.1f}"))
    return rows


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.growth", description=__doc__)
    parser.add_argument("--events", type=int, nargs="+", default=EVENTS, metavar="N")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="an SVG to write")
    return parser


if __name__ == "__main__":
    main()
