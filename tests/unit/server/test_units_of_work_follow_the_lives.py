"""A unit of work allows exactly the transitions of the tables in `store/states.py`."""

from dataclasses import replace
from itertools import product

import pytest

from cellblock.v1 import execution_pb2 as pb
from cellblock_server.journal.tracked import Tracked
from cellblock_server.journal.unit_of_work import UnitOfWork
from cellblock_server.store.records import ExecutionStatus, SessionState
from cellblock_server.store.states import (
    EXECUTION_ENDS,
    EXECUTION_TRANSITIONS,
    SESSION_TRANSITIONS,
    ForbiddenTransitionError,
)
from tests.support.records import START, execution_record, session_record

CHANGES = EXECUTION_ENDS | {ExecutionStatus.QUEUED, ExecutionStatus.RUNNING}
"""Statuses that an execution can be given; RECEIVING is only a first one."""


@pytest.fixture
def change() -> UnitOfWork:
    return UnitOfWork(START, START)


@pytest.mark.parametrize(("now", "then"), list(product(SessionState, SessionState)))
def test_sessions_follow_the_table(
    change: UnitOfWork, now: SessionState, then: SessionState
) -> None:
    session = Tracked(replace(session_record(), state=now))
    if then is now or then in SESSION_TRANSITIONS[now]:
        change.sessions.set_state(session, then)
        assert change.sessions.after(session).state is then
    else:
        with pytest.raises(ForbiddenTransitionError):
            change.sessions.set_state(session, then)
        assert change.sessions.after(session).state is now


@pytest.mark.parametrize(("now", "then"), list(product(ExecutionStatus, CHANGES)))
def test_executions_follow_the_table(
    change: UnitOfWork, now: ExecutionStatus, then: ExecutionStatus
) -> None:
    execution = Tracked(replace(execution_record("call_1", 1), status=now))

    def go_on() -> None:
        match then:
            case ExecutionStatus.QUEUED:
                change.executions.queue(execution, 1)
            case ExecutionStatus.RUNNING:
                change.executions.start(execution, pb.Started())
            case _:
                change.executions.finish(execution, then)

    # One that waits may have another position.
    if then in EXECUTION_TRANSITIONS[now] or now is then is ExecutionStatus.QUEUED:
        go_on()
    else:
        with pytest.raises(ForbiddenTransitionError):
            go_on()
        assert (change.executions.ended, change.executions.started) == ([], [])


def test_each_change_is_checked_against_the_one_before(change: UnitOfWork) -> None:
    session = Tracked(session_record())
    for state in (SessionState.BUSY, SessionState.READY, SessionState.DELETED):
        change.sessions.set_state(session, state)
    with pytest.raises(ForbiddenTransitionError, match="DELETED → READY"):
        change.sessions.set_state(session, SessionState.READY)
    assert session.record.state is SessionState.READY
