"""The agent's events: numbered without gaps, kept until acknowledged, small texts joined."""

import asyncio

import pytest

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_agent.output.journal import MANY, MAX_TEXT, Journal


def text(words: str, execution: str = "call_1") -> pb.Event:
    stream = pb.StreamText(name=pb.STREAM_NAME_STDOUT, text=words)
    return pb.Event(execution_id=execution, stream_text=stream)


def cleared() -> pb.Event:
    return pb.Event(execution_id="call_1", clear_output=pb.ClearOutput())


async def read(journal: Journal, after: int = 0, max_bytes: int = 10**6) -> list[pb.Event]:
    return await journal.next_batch(after, max_bytes, lambda: True)


async def test_events_are_numbered() -> None:
    journal = Journal()
    for _ in range(3):
        journal.append(cleared())
    assert [event.sequence for event in await read(journal)] == [1, 2, 3]
    journal.acknowledge(2)
    assert [event.sequence for event in await read(journal, after=2)] == [3]


async def test_few_events_wait_until_those_before_are_stored() -> None:
    journal = Journal()
    journal.append(cleared())
    await read(journal)
    journal.append(cleared())
    reading = asyncio.create_task(read(journal, after=1))
    await asyncio.sleep(0)
    journal.append(cleared())
    await asyncio.sleep(0)
    assert not reading.done()
    journal.acknowledge(1)
    assert [event.sequence for event in await reading] == [2, 3]


async def test_many_do_not_wait() -> None:
    journal = Journal()
    journal.append(cleared())
    await read(journal)
    for _ in range(MANY):
        journal.append(cleared())
    assert len(await read(journal, after=1)) == MANY


async def test_texts_that_follow_each_other_are_joined_until_sent() -> None:
    journal = Journal()
    journal.append(text("a"))
    journal.append(text("b"))
    assert [event.stream_text.text for event in await read(journal)] == ["ab"]
    journal.append(text("c"))  # the first has been sent as it was
    assert [event.stream_text.text for event in await read(journal)] == ["ab", "c"]


async def test_texts_of_others_are_not_joined() -> None:
    journal = Journal()
    journal.append(text("a", "call_1"))
    journal.append(text("b", "call_2"))
    journal.append(text("x" * MAX_TEXT, "call_2"))
    assert len(await read(journal)) == 3


async def test_acknowledged_events_are_forgotten() -> None:
    journal = Journal()
    for _ in range(3):
        journal.append(cleared())
    await read(journal)
    journal.acknowledge(2)
    assert [event.sequence for event in await read(journal, after=2)] == [3]
    journal.acknowledge(3)
    assert journal.is_empty


async def test_who_asks_for_forgotten_events_is_refused() -> None:
    journal = Journal()
    for _ in range(3):
        journal.append(cleared())
    await read(journal)
    journal.acknowledge(3)
    with pytest.raises(ValueError, match="events up to 3 were dropped, got 1"):
        await read(journal, after=1)


@pytest.mark.parametrize("sequence", [-1, 2])
async def test_what_was_never_sent_is_not_acknowledged(sequence: int) -> None:
    journal = Journal()
    journal.append(cleared())
    await read(journal)
    with pytest.raises(ValueError, match="must be 0 to 1"):
        journal.acknowledge(sequence)


async def test_batches_are_bounded_but_never_empty() -> None:
    journal = Journal()
    for _ in range(3):
        journal.append(pb.Event(error=pb.Error(value="x" * 100)))
    assert len(await read(journal, max_bytes=10)) == 1
    assert len(await read(journal, max_bytes=250)) == 2


async def test_a_reader_waits_for_the_next_event() -> None:
    journal = Journal()
    reading = asyncio.create_task(read(journal))
    await asyncio.sleep(0)
    journal.append(cleared())
    assert len(await reading) == 1


async def test_what_an_execution_shows_waits_for_what_comes_next() -> None:
    journal = Journal()
    journal.append(text("a"))
    reading = asyncio.create_task(read(journal))
    await asyncio.sleep(0)
    assert not reading.done()
    journal.append(cleared())
    assert len(await reading) == 2


async def test_its_end_waits_for_nothing() -> None:
    journal = Journal()
    reading = asyncio.create_task(read(journal))
    await asyncio.sleep(0)
    journal.append(pb.Event(execution_started=pb.ExecutionStarted()))
    journal.append(pb.Event(execution_finished=pb.ExecutionFinished()))
    await asyncio.sleep(0)
    assert reading.done()


async def test_a_reader_that_is_replaced_gets_no_events() -> None:
    journal, stays = Journal(), True
    reading = asyncio.create_task(journal.next_batch(0, 10**6, lambda: stays))
    await asyncio.sleep(0)
    stays = False
    journal.wake()
    assert await reading == []
