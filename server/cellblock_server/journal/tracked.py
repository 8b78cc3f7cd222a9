"""Records in memory, as they are stored."""

from typing import Generic, TypeAlias, TypeVar

from cellblock_server.store.records import ExecutionRecord, SessionRecord

R = TypeVar("R")


class Tracked(Generic[R]):
    """A record in memory that is replaced when a newer version of it has been stored.

    All parts that follow one session or execution share one of these. A record that was read from
    it stays as it was: read `record` again after an `await`.
    """

    __slots__ = ("record",)

    def __init__(self, record: R) -> None:
        """Track `record`, which is stored, or is stored by the next unit of work."""
        self.record = record
        """Newest version that is stored. Replaced by `publish` only; no property, which each
        execution would call dozens of times."""

    def publish(self, record: R) -> None:
        """Replace the record. Called by `UnitOfWork.publish` after the commit, and by tests."""
        self.record = record


TrackedSession: TypeAlias = Tracked[SessionRecord]
TrackedExecution: TypeAlias = Tracked[ExecutionRecord]
