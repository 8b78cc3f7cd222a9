"""Changes that are stored in one transaction."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from cellblock_server.journal.execution_changes import ExecutionChanges
from cellblock_server.journal.file_changes import FileChanges
from cellblock_server.journal.hub import Hub
from cellblock_server.journal.observers import Stored
from cellblock_server.journal.run_step_changes import RunStepChanges
from cellblock_server.journal.session_changes import (
    SessionChanges,
    ended_sessions,
    wake_watchers,
)
from cellblock_server.journal.usage_changes import UsageChanges


class UnitOfWork:
    """Changes of each domain that are stored together. `Journal.transaction` makes it.

    A change is a method with typed parameters. It replaces a draft; the records in memory are
    replaced after the commit.
    """

    def __init__(self, now: datetime, steady: datetime) -> None:
        """Start without a change."""
        self.now = now
        """Time of all its changes."""
        self.steady = steady
        """The same time by the clock of live sessions; see `SessionRecord`."""
        self.sessions = SessionChanges(now, steady)
        self._run_steps = RunStepChanges(now)
        self.executions = ExecutionChanges(now, self._run_steps)
        self.files = FileChanges()
        self.usage = UsageChanges(self.sessions, steady)
        self.follow_up: Callable[[], None] = lambda: None
        """Called once all is stored and published, before any other task runs, even if the caller
        has left."""

    def write(self, connection: Connection) -> None:
        """Store everything. `Journal.transaction` has the store's thread call this."""
        self.executions.write(connection)
        self.files.write(connection)
        self.usage.write(connection)
        self.sessions.write(connection)

    def publish(self, hub: Hub) -> Stored:
        """Make the changes visible in memory, and wake watchers. Called after the commit."""
        # All records before any watcher: what it reads must be complete.
        self.executions.publish()
        changed = self.sessions.publish()
        self.executions.wake_watchers(hub)
        wake_watchers(hub, changed)
        self._run_steps.publish(hub)
        return Stored(
            accepted=self.executions.accepted,
            started=self.executions.started,
            ended=self.executions.ended,
            claims=self.executions.claims,
            ended_sessions=ended_sessions(changed),
            event_bytes=self.executions.event_bytes,
            file_bytes=self.files.bytes,
        )
