"""A request that is sent again is recognised as the one that made an execution, or refused."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cellblock_server.app.resending import check_resent
from cellblock_server.common.errors import AlreadyExistsError
from cellblock_server.executions.environment import environment_hash
from cellblock_server.executions.request import NewExecution
from cellblock_server.journal.run_step_place import WantedPlace
from cellblock_server.store.records import ExecutionRecord, ExecutionStatus
from tests.support.records import START, execution_record

DEFAULT = timedelta(seconds=1)
REQUEST = NewExecution(
    code="print(1)", execution_id="call_1", environment={"A": "1"}, place=WantedPlace(step_id="s")
)


def made(status: ExecutionStatus = ExecutionStatus.COMPLETED) -> ExecutionRecord:
    """The execution that `REQUEST` made."""
    return replace(
        execution_record("call_1", 1),
        status=status,
        code=REQUEST.code,
        timeout=DEFAULT,
        step_id="s",
        environment_hash=environment_hash(REQUEST.environment),
        start_time=START,
    )


@pytest.mark.parametrize(
    "again",
    [
        REQUEST,
        replace(REQUEST, time_limit=DEFAULT),
        replace(REQUEST, place=WantedPlace()),
        replace(REQUEST, place=WantedPlace(step_id="s", more_calls=True)),
    ],
)
def test_the_same_request_passes(again: NewExecution) -> None:
    check_resent(made(), "sess_1", again, DEFAULT)


@pytest.mark.parametrize(
    ("session_id", "again", "difference"),
    [
        ("sess_2", REQUEST, "session_id"),
        ("sess_1", replace(REQUEST, code="print(2)"), "code"),
        ("sess_1", replace(REQUEST, code="print(1)\nmore"), "code"),
        ("sess_1", replace(REQUEST, time_limit=DEFAULT * 2), "time_limit"),
        ("sess_1", replace(REQUEST, environment={}), "environment"),
        ("sess_1", replace(REQUEST, place=WantedPlace(step_id="other")), "step_id"),
        ("sess_2", replace(REQUEST, code="2"), "session_id and code"),
    ],
)
def test_another_request_is_refused_by_what_differs(
    session_id: str, again: NewExecution, difference: str
) -> None:
    with pytest.raises(AlreadyExistsError, match=f"with another {difference}$"):
        check_resent(made(), session_id, again, DEFAULT)


@pytest.mark.parametrize("status", [ExecutionStatus.RECEIVING, ExecutionStatus.CANCELLED])
def test_code_that_came_in_part_fits_the_whole(status: ExecutionStatus) -> None:
    part = replace(made(status), code="print(", start_time=None)
    check_resent(part, "sess_1", REQUEST, DEFAULT)
    with pytest.raises(AlreadyExistsError):
        check_resent(part, "sess_1", replace(REQUEST, code="other"), DEFAULT)


def test_code_of_one_that_ran_must_be_the_same_though_it_was_cancelled() -> None:
    ran = replace(made(ExecutionStatus.CANCELLED), code="print(")
    with pytest.raises(AlreadyExistsError):
        check_resent(ran, "sess_1", REQUEST, DEFAULT)
