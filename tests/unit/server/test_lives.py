"""Transition tables of sessions and executions, and expiry of sessions."""

from datetime import timedelta
from itertools import product

import pytest

from cellblock_server.sessions.expiry import due, expire_time
from cellblock_server.store.records import EndReason, ExecutionStatus, SessionState
from cellblock_server.store.states import (
    EXECUTION_ENDS,
    EXECUTION_TRANSITIONS,
    SESSION_ENDS,
    SESSION_TRANSITIONS,
    ForbiddenTransitionError,
    check_execution,
    check_session,
)
from tests.support.records import START, session_record

CAP = timedelta(hours=24)


@pytest.mark.parametrize(("now", "then"), list(product(SessionState, SessionState)))
def test_sessions_follow_the_table(now: SessionState, then: SessionState) -> None:
    if then is now or then in SESSION_TRANSITIONS[now]:
        check_session(now, then)
    else:
        with pytest.raises(ForbiddenTransitionError):
            check_session(now, then)


@pytest.mark.parametrize(("now", "then"), list(product(ExecutionStatus, ExecutionStatus)))
def test_executions_follow_the_table(now: ExecutionStatus, then: ExecutionStatus) -> None:
    if then in EXECUTION_TRANSITIONS[now]:
        check_execution(now, then)
    else:
        with pytest.raises(ForbiddenTransitionError):
            check_execution(now, then)


def test_end_states_are_final() -> None:
    assert all(not SESSION_TRANSITIONS[end] for end in SESSION_ENDS)
    assert all(not EXECUTION_TRANSITIONS[end] for end in EXECUTION_ENDS)


def test_tables_cover_every_state() -> None:
    assert SESSION_TRANSITIONS.keys() == set(SessionState)
    assert EXECUTION_TRANSITIONS.keys() == set(ExecutionStatus)


@pytest.mark.parametrize(
    ("used", "alive", "minutes", "reason"),
    [
        (0, 0, 20, EndReason.IDLE_TIMEOUT),
        (0, 50, 60, EndReason.LIFETIME),  # kept alive, but not used
        (30, 30, 50, EndReason.IDLE_TIMEOUT),
        (1430, 1430, 1440, EndReason.LIFETIME),  # the maximum age
    ],
)
def test_earliest_limit_ends_the_session(
    used: float, alive: float, minutes: int, reason: EndReason
) -> None:
    record = session_record(used=used, alive=alive)
    end = START + timedelta(minutes=minutes)
    assert expire_time(record, CAP) == end
    assert due(record, CAP, end - timedelta(seconds=1), busy=False) is None
    found = due(record, CAP, end, busy=False)
    assert found is not None
    assert found[0] is reason


def test_busy_session_ends_only_at_its_maximum_age() -> None:
    assert due(session_record(), CAP, START + timedelta(hours=23), busy=True) is None
    found = due(session_record(), CAP, START + CAP, busy=True)
    assert found is not None
    assert "the most that the operator allows" in found[1]
