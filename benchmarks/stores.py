"""Compares transactions with SQLite and with PostgreSQL, by turns. Asserts nothing.

    python -m benchmarks.stores [--rounds N] [--no-disk]

A transaction is what one event of output is: the event itself and the execution's row. Both
databases are on this machine and on its disk, PostgreSQL with its default settings;
with `--no-disk` it is in memory and waits for nothing, and what is left is its own time.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection
from tests.support.postgresql import Cluster, programs
from tests.support.records import execution_record, session_record

from cellblock_server.store.database import Database
from cellblock_server.store.executions import (
    ExecutionStore,
    insert_events,
    insert_execution,
    update_execution,
)
from cellblock_server.store.records import ExecutionRecord
from cellblock_server.store.sessions import SessionStore

WRITES = 300
"""Transactions in one round."""
READINGS = 300
PAYLOAD = b"x" * 200


async def main() -> None:
    """Measure, and print a table for docs/project/performance-details.md."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-disk", action="store_true", help="PostgreSQL in memory")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(durable=not options.no_disk) if programs() else None
        try:
            stores = {
                f"SQLite, `{synchronous}`": (f"sqlite:///{Path(folder) / synchronous}", synchronous)
                for synchronous in ("normal", "full")
            }
            if cluster is not None:
                cluster.make()
                stores["PostgreSQL"] = cluster.database("benchmark").render_as_string(), "normal"
            await _compared(stores, options.rounds)
        finally:
            if cluster is not None:
                cluster.remove()


async def _compared(stores: dict[str, tuple[str, str]], rounds: int) -> None:
    """Take turns between databases, given by URL and SQLite's `synchronous`."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in stores}
    numbers = dict.fromkeys(stores, 0)
    for _ in range(rounds):
        for name, store in stores.items():
            async with _opened(*store) as database:
                numbers[name] += 1
                found[name].append(await _round(database, numbers[name]))
    print("| store | transaction, ms | transactions a second | reading, ms |")
    print("| --- | --- | --- | --- |")
    for name, times in found.items():
        write, read = (statistics.median(column) for column in zip(*times, strict=True))
        print(f"| {name} | {write * 1000:.2f} | {1 / write:.0f} | {read * 1000:.2f} |")


@asynccontextmanager
async def _opened(url: str, synchronous: str) -> AsyncIterator[Database]:
    database = Database(url, synchronous=synchronous)
    await database.start()
    try:
        yield database
    finally:
        await database.close()


async def _round(database: Database, number: int) -> tuple[float, float]:
    """Return the seconds of one transaction and of one read."""
    sessions, executions = SessionStore(database), ExecutionStore(database)
    if number == 1:
        await sessions.insert(session_record())
    record = execution_record(f"call_{number}", number)
    await database.write(lambda connection: insert_execution(connection, record))
    began = time.perf_counter()
    for sequence in range(1, WRITES + 1):
        record = await _event(database, record, sequence)
    written = time.perf_counter()
    for _ in range(READINGS):
        await executions.find_execution(record.tenant, record.id)
    return (written - began) / WRITES, (time.perf_counter() - written) / READINGS


async def _event(database: Database, before: ExecutionRecord, sequence: int) -> ExecutionRecord:
    after = replace(before, last_sequence=sequence)

    def change(connection: Connection) -> None:
        update_execution(connection, before, after)
        insert_events(connection, after, [(sequence, PAYLOAD)])

    await database.write(change)
    return after


if __name__ == "__main__":
    asyncio.run(main())
