"""State folder of a server that is dead or idle, inspected from outside."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import text

from cellblock.v1.execution_pb2 import ExecutionEvent
from cellblock_server.store.records import ExecutionStatus
from cellblock_server.store.sessions import ALIVE
from cellblock_server.store.states import EXECUTION_ENDS
from tests.support.buckets import stored_hashes
from tests.support.databases import database_of
from tests.support.engine import containers


class Remains:
    """One state folder."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._whole: set[tuple[str, str]] = set()
        """Executions that were found to have one end: they do not change any more."""

    def check_journal(self) -> None:
        """Assert that events are numbered 1 to n, with one end per ended execution, at the end."""
        executions = self._rows("SELECT tenant, id, status, last_sequence FROM executions")
        for tenant, name, status, last in executions:
            if (tenant, name) in self._whole:
                continue
            rows = self._rows(
                "SELECT sequence, payload FROM events WHERE tenant = :tenant "
                "AND execution_id = :name ORDER BY sequence",
                tenant=tenant,
                name=name,
            )
            assert [sequence for sequence, _payload in rows] == list(range(1, last + 1)), name
            events = [ExecutionEvent.FromString(payload) for _sequence, payload in rows]
            ends = [event.sequence for event in events if event.HasField("completed")]
            ended = ExecutionStatus(status) in EXECUTION_ENDS
            assert ends == ([last] if ended else []), name
            if ended:
                self._whole.add((tenant, name))

    def unended(self) -> list[str]:
        """Return ids of the sessions and executions that have no end."""
        alive = ", ".join(str(int(state)) for state in ALIVE)
        ends = ", ".join(str(int(status)) for status in EXECUTION_ENDS)
        rows = [
            *self._rows(f"SELECT id FROM sessions WHERE state IN ({alive})"),
            *self._rows(f"SELECT id FROM executions WHERE status NOT IN ({ends})"),
        ]
        return [name for (name,) in rows]

    def orphans(self) -> list[str]:
        """Return the sandboxes of a stopped server that are still there."""
        instance = (self._state / "instance").read_text()
        run = self._state / "run"
        folders = [path.name for path in run.iterdir()] if run.exists() else []
        sockets = [str(path) for path in self._state.rglob("*") if path.is_socket()]
        return containers(instance) + folders + sockets

    def loose_bytes(self) -> list[str]:
        """Return stored bytes without a file or upload, and files without bytes."""
        stored = stored_hashes(self._state)
        known = {sha256 for (sha256,) in self._rows("SELECT sha256 FROM files")}
        unfinished = self._rows("SELECT id FROM uploads WHERE file_id = ''")
        incoming = [path.name for path in (self._state / "blobs" / "incoming").iterdir()]
        return [*(stored ^ known), *incoming[len(unfinished) :]]

    def _rows(self, query: str, **values: object) -> Sequence[Any]:
        with database_of(self._state) as connection:
            return connection.execute(text(query), values).all()
