"""An execution's events can be read by several clients, from any position, slowly and later."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from cellblock_client import AsyncClient, Client, ExecutionStatus, File
from cellblock_client.aio import AsyncSession
from cellblock_client.client import Session
from cellblock_client.errors import DeadlineExceededError, InvalidArgumentError
from cellblock_client.events import Event, Stdout
from tests.support.waiting import until

pytestmark = pytest.mark.each_store


def test_a_dropped_stream_does_not_stop_the_code(session: Session, client: Client) -> None:
    with pytest.raises(DeadlineExceededError):
        session.run(
            "import time; time.sleep(1.5); print('kept')",
            execution_id=f"call_dropped_{session.id}",
            timeout=0.5,
        )
    result = client.executions.watch(f"call_dropped_{session.id}").result()
    assert (result.stdout, result.status) == ("kept\n", ExecutionStatus.COMPLETED)


def test_a_dropped_stream_stops_the_code_if_asked_to(session: Session, client: Client) -> None:
    execution = session.execute(
        "import time; time.sleep(60)", cancel_on_disconnect=True, timeout=0.7
    )
    with pytest.raises(DeadlineExceededError):
        execution.result()
    result = client.executions.watch(execution.id).result()
    assert result.status is ExecutionStatus.CANCELLED


def test_watching_starts_at_any_event(shared_session: Session, client: Client) -> None:
    result = shared_session.run("for n in range(3): print(n, flush=True)")
    execution = result.execution.id
    whole = list(client.executions.watch(execution))
    assert whole == result.events
    assert list(client.executions.watch(execution, 3)) == whole[2:]
    with pytest.raises(InvalidArgumentError, match="from_sequence"):
        list(client.executions.watch(execution, len(whole) + 1))


async def test_concurrent_readers_each_start_at_their_own_position(
    own: AsyncSession, async_client: AsyncClient
) -> None:
    execution = own.execute("import time\nfor n in range(20): print(n); time.sleep(0.05)")
    stream = aiter(execution)
    first = await anext(stream)
    watchers = [async_client.executions.watch(execution.id, start) for start in (1, 1, 3)]
    whole, *seen = await asyncio.gather(all_of(stream), *(all_of(aiter(w)) for w in watchers))
    whole.insert(0, first)
    assert seen == [whole, whole, whole[2:]]


async def test_a_slow_reader_loses_nothing_and_delays_no_other_reader(own: AsyncSession) -> None:
    code = "for n in range(200): print('x' * 4000, flush=True)"
    slow = aiter(own.execute(code))
    received = [await anext(slow)]
    # It stops reading here; the code and everybody else go on.
    assert (await own.run("'quick'")).text == "'quick'"
    received += [event async for event in slow]
    text = "".join(event.text for event in received if isinstance(event, Stdout))
    assert text == ("x" * 4000 + "\n") * 200
    assert [event.sequence for event in received] == list(range(1, len(received) + 1))


def test_the_record_has_outputs_while_it_runs_and_after(session: Session, client: Client) -> None:
    execution = session.execute("print('a', flush=True)\nimport time; time.sleep(30)")
    for event in execution:
        if isinstance(event, Stdout):
            during = client.executions.get(execution.id)
            assert (during.status, during.outputs) == (ExecutionStatus.RUNNING, ("a\n",))
            execution.cancel()
    after = client.executions.get(execution.id)
    assert str(after.outputs[0]).startswith("a\n---")
    assert list(session.executions()) == [after]


def test_a_list_with_many_outputs_comes_in_smaller_pages(session: Session) -> None:
    ran = [session.run(f"print('{number}' * 900_000)").execution.id for number in range(5)]
    listed = list(session.executions())
    assert [execution.id for execution in listed] == ran
    assert all(
        execution.outputs == (f"{n}" * 900_000 + "\n",) for n, execution in enumerate(listed)
    )


def test_output_outlives_the_session(session: Session, client: Client) -> None:
    code = "print('kept'); import matplotlib.pyplot as plt; _ = plt.plot([1])"
    execution = session.run(code).execution
    session.delete()
    record = client.executions.get(execution.id)
    text, image = record.outputs
    assert (record.code, text) == (code, "kept\n")
    assert isinstance(image, File)
    assert client.files.read(image.id).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "code",
    [
        "import threading\n"
        "go = threading.Event()\n"
        "def late(): go.wait(); print('late')\n"
        "threading.Thread(target=late).start()",
        "import asyncio\n"
        "go = asyncio.Event()\n"
        "async def late(): await go.wait(); print('late')\n"
        "waiting = asyncio.create_task(late())",
    ],
    ids=["thread", "task"],
)
def test_late_output_belongs_to_the_session(session: Session, client: Client, code: str) -> None:
    session.run(code)
    assert session.run("go.set()").stdout == ""
    until(lambda: client.sessions.get(session.id).info.background_output == "late\n")
    assert next(iter(client.sessions.list())).background_output == ""


async def all_of(events: AsyncIterator[Event]) -> list[Event]:
    return [event async for event in events]
