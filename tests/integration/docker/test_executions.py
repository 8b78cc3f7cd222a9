"""An accepted execution runs once, in order, and its result can be read."""

import io

import pytest
from PIL import Image as Picture

from cellblock_client import Client, ExecutionStatus, FailureCause
from cellblock_client.aio import AsyncSession
from cellblock_client.client import Session
from cellblock_client.errors import (
    InvalidArgumentError,
    NotFoundError,
)
from cellblock_client.events import (
    Completed,
    ErrorRaised,
    Event,
    Result,
    Stdout,
)


def kinds(events: list[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


def test_events_are_numbered_and_end_with_completed(shared_session: Session) -> None:
    events = list(shared_session.execute("print('hi'); 1 + 1"))
    assert kinds(events) == ["Queued", "Started", "Stdout", "Result", "Completed"]
    assert [event.sequence for event in events] == [1, 2, 3, 4, 5]
    assert len({event.execution_id for event in events}) == 1


def test_a_result_has_all_output(shared_session: Session) -> None:
    result = shared_session.run("import sys; print('out'); print('err', file=sys.stderr); 42")
    assert (result.stdout, result.stderr, result.text, result.ok) == ("out\n", "err\n", "42", True)
    assert result.execution.start_time is not None
    assert result.execution.end_time is not None


@pytest.mark.core
def test_an_exception_completes_the_execution(shared_session: Session) -> None:
    result = shared_session.run("1 / 0")
    assert result.status is ExecutionStatus.COMPLETED
    assert result.error is not None
    assert result.error.name == "ZeroDivisionError"
    assert not result.ok
    assert any(isinstance(event, ErrorRaised) for event in result.events)


def test_a_figure_becomes_a_stored_image(shared_session: Session, client: Client) -> None:
    result = shared_session.run("import matplotlib.pyplot as plt; _ = plt.plot([1, 3, 2])")
    (image,) = result.images
    assert image.mime_type == "image/png"
    with Picture.open(io.BytesIO(client.files.read(image.id))) as picture:
        assert len(picture.convert("RGB").getcolors(2**24) or []) > 1


def test_a_table_has_text_and_html(shared_session: Session) -> None:
    result = shared_session.run("import pandas; pandas.DataFrame({'a': [1]})")
    (table,) = (event for event in result.events if isinstance(event, Result))
    assert table.data["text/html"].startswith("<div>")
    assert "a" in table.text


def test_a_written_file_is_kept(shared_session: Session, client: Client) -> None:
    result = shared_session.run(
        "import os; os.makedirs('out', exist_ok=True)\nopen('out/a.txt', 'w').write('hello')"
    )
    (file,) = result.files
    assert (file.filename, file.path, file.mime_type) == (
        "a.txt",
        "/mnt/data/out/a.txt",
        "text/plain",
    )
    assert (file.session_id, file.execution_id) == (shared_session.id, result.execution.id)
    assert client.files.read(file.id) == b"hello"


@pytest.mark.parametrize(
    ("code", "problem"),
    [("", "is empty"), ("  \n", "is empty"), ("a\0b", "has a NUL character")],
)
def test_invalid_code_is_refused(shared_session: Session, code: str, problem: str) -> None:
    before = len(list(shared_session.executions()))
    with pytest.raises(InvalidArgumentError) as caught:
        shared_session.run(code)
    assert (caught.value.field, caught.value.problem) == ("code", problem)
    assert len(list(shared_session.executions())) == before


def test_oversized_code_is_refused(shared_session: Session) -> None:
    with pytest.raises(
        InvalidArgumentError, match="must be at most 1048576 bytes, got 1048577"
    ) as caught:
        shared_session.run("#" * (2**20 + 1))
    assert caught.value.field == "code"


def test_bad_ids_and_times_are_refused(shared_session: Session) -> None:
    with pytest.raises(InvalidArgumentError, match="execution_id"):
        shared_session.run("1", execution_id="x")
    with pytest.raises(InvalidArgumentError, match="must be over 0 s and at most 3600 s"):
        shared_session.run("1", time_limit=10**6)


def test_an_unknown_execution_is_not_found(client: Client) -> None:
    with pytest.raises(NotFoundError, match="no execution 'call_nothing'"):
        client.executions.get("call_nothing")


@pytest.mark.core
def test_cancel_interrupts_and_keeps_variables(session: Session, client: Client) -> None:
    session.run("x = 7")
    execution = session.execute("print('go', flush=True)\nwhile True: pass")
    for event in execution:
        if isinstance(event, Stdout):
            execution.cancel()
    end = client.executions.get(execution.id)
    assert end.status is ExecutionStatus.CANCELLED
    assert end.failure is not None
    assert (end.failure.cause, end.failure.memory_lost) == (FailureCause.CANCELLED, False)
    assert execution.cancel() == end  # again: unchanged
    assert session.run("x").text == "7"


@pytest.mark.core
def test_the_time_limit_ends_the_code(session: Session) -> None:
    result = session.run("while True: pass", time_limit=0.5)
    assert result.status is ExecutionStatus.FAILED
    assert result.failure is not None
    assert result.failure.cause is FailureCause.TIME_LIMIT
    assert result.failure.message == "time limit of 0.5 s reached"


async def test_the_end_of_a_session_ends_what_runs_and_waits(own: AsyncSession) -> None:
    running, waiting = own.execute("import time; time.sleep(60)"), own.execute("1")
    streams = [aiter(running), aiter(waiting)]
    for stream in streams:
        await anext(stream)
    await own.delete()
    ends = [[event async for event in stream][-1] for stream in streams]
    failures = [
        (end.execution.status, end.execution.failure.cause)
        for end in ends
        if isinstance(end, Completed) and end.execution.failure is not None
    ]
    assert failures == [
        (ExecutionStatus.CANCELLED, FailureCause.SESSION_ENDED),
        (ExecutionStatus.EXPIRED, FailureCause.SESSION_ENDED),
    ]


def test_a_sessions_executions_are_listed_in_order(session: Session) -> None:
    ran = [session.run(str(number)).execution.id for number in range(3)]
    listed = list(session.executions())
    assert [execution.id for execution in listed] == ran
    assert [execution.code for execution in listed] == ["0", "1", "2"]
