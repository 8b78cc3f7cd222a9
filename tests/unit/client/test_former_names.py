"""Names that parameters and fields had before still work."""

from datetime import timedelta

import pytest

from cellblock.v1 import execution_pb2, session_pb2
from cellblock_client.calls import preferred_limit
from cellblock_client.types import execution_info, session_info


def test_former_parameter_is_used_with_a_warning() -> None:
    with pytest.warns(DeprecationWarning, match="use inactivity_limit"):
        assert preferred_limit(None, 60) == 60


def test_present_parameter_counts_more_and_gives_no_warning(
    recwarn: pytest.WarningsRecorder,
) -> None:
    assert preferred_limit(5, None) == 5
    assert not recwarn.list


def test_former_fields_have_the_values_of_the_present_ones() -> None:
    session = session_pb2.Session(state=session_pb2.SESSION_STATE_READY)
    execution = execution_pb2.Execution(status=execution_pb2.EXECUTION_STATUS_RUNNING)
    session.inactivity_limit.FromTimedelta(timedelta(seconds=60))
    execution.time_limit.FromTimedelta(timedelta(seconds=5))
    assert session_info(session).lifetime == timedelta(seconds=60)
    assert execution_info(execution).timeout == timedelta(seconds=5)


@pytest.mark.parametrize(
    ("message", "name", "number"),
    [
        (session_pb2.Session, "inactivity_limit", 9),
        (session_pb2.CreateSessionRequest, "inactivity_limit", 7),
        (session_pb2.UpdateSessionRequest, "inactivity_limit", 4),
        (execution_pb2.Execution, "time_limit", 5),
        (execution_pb2.ExecuteRequest, "time_limit", 4),
    ],
)
def test_renamed_fields_kept_their_numbers(message: type, name: str, number: int) -> None:
    assert message.DESCRIPTOR.fields_by_name[name].number == number  # type: ignore[attr-defined]
