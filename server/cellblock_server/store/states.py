"""Tables of the states of sessions and executions, with the states that may follow each.

ARCHITECTURE.md draws these tables; tests try every pair.
"""

from cellblock_server.store.records import ExecutionStatus as Status
from cellblock_server.store.records import SessionState as State

SESSION_ENDS = frozenset({State.EXPIRED, State.DELETED, State.FAILED})
SESSION_TRANSITIONS: dict[State, frozenset[State]] = {
    State.CREATING: SESSION_ENDS | {State.READY},
    State.READY: SESSION_ENDS | {State.BUSY, State.RESTARTING},
    State.BUSY: SESSION_ENDS | {State.READY, State.RESTARTING},
    State.RESTARTING: SESSION_ENDS | {State.READY, State.BUSY},
    State.EXPIRED: frozenset(),
    State.DELETED: frozenset(),
    State.FAILED: frozenset(),
}

EXECUTION_ENDS = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED, Status.EXPIRED})
EXECUTION_TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.RECEIVING: frozenset({Status.QUEUED, Status.CANCELLED, Status.EXPIRED}),
    # A queued one fails when its sandbox is lost after the agent got the code and before it said
    # so.
    Status.QUEUED: frozenset({Status.RUNNING, Status.FAILED, Status.CANCELLED, Status.EXPIRED}),
    Status.RUNNING: frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED}),
    Status.COMPLETED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
    Status.EXPIRED: frozenset(),
}


class ForbiddenTransitionError(Exception):
    """A server error: a state was about to follow one that does not allow it."""


def check_session(now: State, then: State) -> None:
    """Raise ForbiddenTransitionError unless `then` may follow `now`, or is the same."""
    if then is not now and then not in SESSION_TRANSITIONS[now]:
        raise ForbiddenTransitionError(f"session: {now.name} → {then.name}")


def check_execution(now: Status, then: Status) -> None:
    """Raise ForbiddenTransitionError unless `then` may follow `now`."""
    if then not in EXECUTION_TRANSITIONS[now]:
        raise ForbiddenTransitionError(f"execution: {now.name} → {then.name}")
