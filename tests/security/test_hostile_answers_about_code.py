"""A sandbox that sends false completions and inspections: none reaches a caller."""

import asyncio
from collections.abc import Awaitable, Callable

import grpc
import pytest
from google.protobuf.message import Message

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_client.aio import AsyncSession
from cellblock_client.errors import Error
from tests.support.forged import Script
from tests.support.hostile_ground import HostileGround
from tests.support.lies import answers, fails, never
from tests.support.waiting import STEP_SECONDS

CODE = "code"
Ask = Callable[[AsyncSession], Awaitable[object]]


async def completes(session: AsyncSession) -> object:
    return await session.complete(CODE)


async def inspects(session: AsyncSession) -> object:
    return await session.inspect(CODE)


async def asks_whether_complete(session: AsyncSession) -> object:
    return await session.is_complete(CODE)


ASK: dict[str, Ask] = {
    "CompleteCode": completes,
    "InspectCode": inspects,
    "IsCodeComplete": asks_whether_complete,
}
Completions, Completion, Inspection = (
    pb.CompleteCodeResponse,
    pb.Completion,
    pb.InspectCodeResponse,
)
LIES: dict[str, tuple[str, Message | bytes]] = {
    "a place before the code": ("CompleteCode", Completions(cursor_start=-1)),
    "a place after the code": ("CompleteCode", Completions(cursor_end=5)),
    "an end before the beginning": ("CompleteCode", Completions(cursor_start=3, cursor_end=2)),
    "too many completions": (
        "CompleteCode",
        Completions(completions=[Completion(text="x")] * 1001),
    ),
    "a million completions": ("CompleteCode", b"\x0a\x00" * 10**6),
    "too long a completion": (
        "CompleteCode",
        Completions(completions=[Completion(text="x" * 1001)]),
    ),
    "too long a type": ("CompleteCode", Completions(completions=[Completion(type="x" * 101)])),
    "too many representations": (
        "InspectCode",
        Inspection(found=True, data={f"text/{number}": "" for number in range(11)}),
    ),
    "too much about a name": (
        "InspectCode",
        Inspection(found=True, data={"text/plain": "x" * (2**20 + 1)}),
    ),
    "too long a kind of text": (
        "InspectCode",
        Inspection(found=True, data={"text/" + "x" * 100: ""}),
    ),
    "bytes that are no message": ("InspectCode", b"\xff\xff\xff"),
    "no status of code": ("IsCodeComplete", pb.IsCodeCompleteResponse()),
    "a status that is none": (
        "IsCodeComplete",
        pb.IsCodeCompleteResponse(status=9),  # type: ignore[arg-type]
    ),
    "too long an indentation": (
        "IsCodeComplete",
        pb.IsCodeCompleteResponse(status=pb.CODE_STATUS_INCOMPLETE, indent=" " * 1001),
    ),
}


@pytest.mark.parametrize(("call", "answer"), LIES.values(), ids=LIES)
async def test_a_lie_ends_the_session(
    ground: HostileGround, call: str, answer: Message | bytes
) -> None:
    session = await ground.session(Script(lies={call: answers(answer)}))
    try:
        with pytest.raises(Error):
            await ASK[call](session)
        async with asyncio.timeout(10):
            while (await session.refresh()).state.name != "FAILED":  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(STEP_SECONDS)
        assert session.info.end_reason == "PROTOCOL_VIOLATION"
        await ground.check_neighbour()
    finally:
        await session.delete()
        await ground.forged.forget()
    ground.check_log()


async def test_an_answer_that_never_comes_is_not_waited_for(ground: HostileGround) -> None:
    session = await ground.session(Script(lies=dict.fromkeys(ASK, never)))
    failed = await asyncio.gather(*(ask(session) for ask in ASK.values()), return_exceptions=True)
    assert [error.reason for error in failed if isinstance(error, Error)] == ["AGENT_GONE"] * 3
    await session.delete()
    await ground.forged.forget()


async def test_words_of_a_refusal_are_bounded_and_printable(ground: HostileGround) -> None:
    words = "\x1b]0;title\x07" * 1000
    refusal = fails(grpc.StatusCode.FAILED_PRECONDITION, words)
    session = await ground.session(Script(lies={"CompleteCode": refusal}))
    with pytest.raises(Error) as caught:
        await completes(session)
    assert caught.value.reason == "KERNEL_BUSY"
    assert len(caught.value.message) < 1000
    assert caught.value.message.isprintable()
    await session.delete()
    await ground.forged.forget()
