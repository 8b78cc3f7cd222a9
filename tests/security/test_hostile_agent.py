"""A lying sandbox: the server refuses its messages and ends only that session.

The agent is a real gRPC server on a sandbox's socket; the server is a real one whose waits
are short. `HostileGround.play` checks, for each lie, that every execution has one end, that the
blame is the sandbox's, and that a neighbour answers.
"""

import time
from collections.abc import Callable, Iterable
from itertools import count

import grpc
import pytest

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_client.errors import UnavailableError
from cellblock_client.events import Started
from tests.support.forged import Script, batch, finished, honest, numbered, started, text
from tests.support.forged_server import IMAGE
from tests.support.hostile_ground import HostileGround
from tests.support.lies import answers, fails, field, never, says, sends
from tests.support.memory import forget_peak, peak, resident
from tests.support.waiting import eventually

BIG = 2**63 - 1
FLAT_MIB = 400
"""Maximum memory in MiB while a 64 MiB message is refused: a few copies of its bytes."""


def rich(**values: object) -> pb.Event:
    bundle = {"kind": pb.RICH_KIND_DISPLAY, "data": {"text/plain": b"x"}, **values}
    return pb.Event(rich=pb.Rich(**bundle))  # type: ignore[arg-type]


def restarted(**values: object) -> pb.Event:
    return pb.Event(kernel_restarted=pb.KernelRestarted(**values))  # type: ignore[arg-type]


LIES: dict[str, tuple[Script, str]] = {
    "bytes that are no message": (sends(lambda _name: [b"\xff\xff\xff"]), "an invalid"),
    "half a message": (sends(lambda name: [next(iter(honest(name)))[:-1]]), "an invalid"),
    "groups": (sends(lambda _name: [b"\x0b\x0c" * 2**18]), "an invalid"),
    "text that is not UTF-8": (sends(lambda _name: [field(1, field(2, b"\xff"))]), "an invalid"),
    "a gap": (
        sends(lambda name: [batch(*numbered(1, name, started()), *numbered(3, name, finished()))]),
        "event 3 instead of 2",
    ),
    "events twice": (
        sends(lambda name: [batch(*numbered(1, name, started()))] * 2),
        "event 1 instead of 2",
    ),
    "events backwards": (
        sends(lambda name: [batch(*reversed(numbered(1, name, started(), finished())))]),
        "event 2 instead of 1",
    ),
    "an absurd number": (
        sends(lambda name: [batch(*numbered(BIG, name, started()))]),
        f"event {BIG} instead of 1",
    ),
    "a beginning twice": (says(started(), started()), "execution_started twice"),
    "an end first": (says(finished()), "after execution_finished"),
    "text first": (says(text("x")), "after stream_text"),
    "something after the end": (says(started(), finished(), text("x")), "that does not run"),
    "two ends": (says(started(), finished(), finished()), "that does not run"),
    "an execution that never ran": (
        sends(lambda _name: [batch(*numbered(1, "call_never", started()))]),
        "that does not run",
    ),
    "an end of nothing": (
        sends(lambda name: [batch(*numbered(1, name, started()), *numbered(2, "", finished()))]),
        "execution_finished of no execution",
    ),
    "a beginning of nothing": (
        sends(lambda _name: [batch(*numbered(1, "", started()))]),
        "execution_started of no execution",
    ),
    "background of an execution": (
        says(started(), pb.Event(background_changes=pb.FileChanges())),
        "background_changes of an execution",
    ),
    "an event of no kind": (says(started(), pb.Event()), "nothing of an execution"),
    "a kernel below zero": (
        says(pb.Event(execution_started=pb.ExecutionStarted(kernel_generation=-1))),
        "number of a kernel: -1",
    ),
    "a fresh kernel below zero": (
        says(started(), restarted(kernel_generation=-BIG)),
        "number of a kernel",
    ),
    "an outcome that is none": (
        says(started(), finished(outcome=99)),
        "unknown outcome 99",
    ),
    "a stream that is none": (
        says(started(), pb.Event(stream_text=pb.StreamText(name=9, text="x"))),  # type: ignore[arg-type]
        "unknown stream 9",
    ),
    "a display of no kind": (says(started(), rich(kind=9)), "unknown kind of display 9"),
    "a limit that is none": (
        says(started(), pb.Event(output_cut=pb.OutputCut(limit=9))),  # type: ignore[arg-type]
        "unknown limit 9",
    ),
    "fewer than no bytes left out": (
        says(started(), pb.Event(output_cut=pb.OutputCut(limit=1, omitted_bytes=-1))),  # type: ignore[arg-type]
        "bytes that were cut: -1",
    ),
    "a count below zero": (
        says(started(), finished(execution_count=-1)),
        "count of executions: -1",
    ),
    "metadata that are not JSON": (says(started(), rich(metadata_json="{")), "not JSON"),
    "metadata that are deep": (says(started(), rich(metadata_json="[" * 60_000)), "not JSON"),
    "large metadata": (says(started(), rich(metadata_json="[]," * 10**6)), "metadata of 3000000"),
    "a large exception": (
        says(started(), pb.Event(error=pb.Error(name="x" * 10**6))),
        "an exception of",
    ),
    "more images than may be": (
        says(started(), *[rich(data={"image/png": b"x"})] * 100),
        "an image too many",
    ),
    "an image larger than may be": (
        says(started(), rich(data={"image/png": bytes(2**24 + 1)})),
        "an image too many",
    ),
    "no answer that is a message": (
        sends(lambda _name: [b"\xff"]),
        "an invalid ConverseResponse",
    ),
}


@pytest.mark.parametrize(("script", "words"), LIES.values(), ids=LIES)
async def test_a_lie_ends_its_session(ground: HostileGround, script: Script, words: str) -> None:
    outcome = await ground.play(script)
    assert (outcome.session.state.name, outcome.session.end_reason) == (
        "FAILED",
        "PROTOCOL_VIOLATION",
    )
    assert words in outcome.session.end_message
    (execution,) = outcome.executions
    assert execution.failure is not None
    assert execution.failure.cause.name == "SANDBOX_LOST"


SILENCE: dict[str, Script] = {
    "no events": sends(lambda _name: []),
    "no end": says(started()),
    "a stream that ends": sends(lambda _name: [], Converse=answers()),
    "a stream that is never answered": Script(lies={"Converse": never}),
}


@pytest.mark.parametrize("script", SILENCE.values(), ids=SILENCE)
async def test_silence_ends_its_session(ground: HostileGround, script: Script) -> None:
    outcome = await ground.play(script)
    assert outcome.session.state.name == "FAILED"


async def test_code_that_is_never_read_ends_its_session(ground: HostileGround) -> None:
    script = Script(lies={"Converse": never})
    outcome = await ground.play(script, code="#" * 1_000_000)
    assert outcome.session.state.name == "FAILED"


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code.value[0]])
async def test_any_status_is_attributed_to_the_sandbox(
    ground: HostileGround, code: grpc.StatusCode
) -> None:
    outcome = await ground.play(
        Script(lies={"Converse": fails(code, "\x1b[31mthe server's fault\0")})
    )
    assert outcome.session.end_reason == "SANDBOX_LOST"


@pytest.mark.parametrize(("details", "trailers"), [(10**6, 0), (0, 10**6)])
async def test_huge_details_and_trailers(
    ground: HostileGround, details: int, trailers: int
) -> None:
    lie = fails(grpc.StatusCode.INTERNAL, "\x1b" * details, trailers)
    outcome = await ground.play(Script(lies={"Converse": lie}))
    assert outcome.session.end_reason == "SANDBOX_LOST"


@pytest.mark.parametrize("code", [grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.ABORTED])
async def test_a_sandbox_that_never_starts_is_reported(
    ground: HostileGround, code: grpc.StatusCode
) -> None:
    ground.forged.script = Script(lies={"GetStatus": fails(code, "no")})
    try:
        with pytest.raises(UnavailableError, match="the sandbox could not be started"):
            await ground.client.sessions.create(image=IMAGE)
    finally:
        await ground.forged.forget()
    await ground.check_neighbour()


async def test_texts_of_the_agent_are_truncated_and_cleaned(ground: HostileGround) -> None:
    words = "\x1b[31m\0" + "x" * 10**7
    end = finished(outcome=pb.OUTCOME_KERNEL_DIED, message=words)
    outcome = await ground.play(says(started(), restarted(kernel_generation=2, reason=words), end))
    (execution,) = outcome.executions
    loss = outcome.session.memory_loss
    assert execution.failure is not None
    assert loss is not None
    for message in (execution.failure.message, loss.message):
        assert len(message) == 500
        assert message.isprintable()


async def test_an_unannounced_new_kernel_ends_the_session(ground: HostileGround) -> None:
    began = pb.Event(execution_started=pb.ExecutionStarted(kernel_generation=2))
    outcome = await ground.play(says(began, finished()))
    loss = outcome.session.memory_loss
    assert loss is not None
    assert "for an unknown reason" in loss.message
    assert outcome.session.kernel_generation == 2


async def test_another_sessions_execution_can_not_be_claimed(ground: HostileGround) -> None:
    victim = await ground.client.sessions.create()
    waits = victim.execute("while True: pass", time_limit=1)
    claimed: list[str] = []
    async for event in waits:
        if isinstance(event, Started):
            claimed.append(event.execution_id)
            break
    outcome = await ground.play(
        sends(lambda _name: [batch(*numbered(1, claimed[0], started(), text("forged")))])
    )
    assert outcome.session.end_reason == "PROTOCOL_VIOLATION"
    result = await ground.client.executions.watch(claimed[0]).result()
    assert "forged" not in result.stdout
    assert result.failure is not None
    assert result.failure.cause.name == "TIME_LIMIT"
    await victim.delete()


def bomb(make: Callable[[int], bytes]) -> Script:
    return sends(lambda _name: [make(2**25)])


BOMBS: dict[str, tuple[Script, str]] = {
    "events": (bomb(lambda size: b"\x0a\x00" * (size // 2)), "fields"),
    "map entries": (
        bomb(lambda size: field(1, field(5, b"\x12\x00" * (size // 2)))),
        "fields",
    ),
    "files": (bomb(lambda size: field(1, field(11, b"\x0a\x00" * (size // 2)))), "fields"),
    "lines of a traceback": (
        bomb(lambda size: field(1, field(7, b"\x1a\x00" * (size // 2)))),
        "fields",
    ),
    "text": (says(started(), text("x" * (2**26 - 128))), "more output than it may show"),
    "more than a message may have": (says(started(), text("x" * 2**26)), "RESOURCE_EXHAUSTED"),
}


@pytest.mark.parametrize(("script", "words"), BOMBS.values(), ids=BOMBS)
async def test_a_message_can_not_take_the_servers_memory(
    ground: HostileGround, script: Script, words: str
) -> None:
    before = resident(ground.server.pid)
    forget_peak(ground.server.pid)
    outcome = await ground.play(script)
    assert words in outcome.session.end_message
    assert peak(ground.server.pid) - before < FLAT_MIB


async def test_endless_events_are_throttled(ground: HostileGround) -> None:
    def messages(name: str) -> Iterable[bytes]:
        yield from honest(name)
        for number in count(3):
            yield batch(*numbered(number, "", text("x" * 2**16)))

    session = await ground.session(sends(messages))
    try:
        assert (await session.run("code")).failure is None
        (agent,) = ground.forged.agents
        before = resident(ground.server.pid)
        began = time.monotonic()
        # Four seconds' worth may come immediately; the rest at the allowed rate.
        await eventually(lambda: len(agent.acknowledged) > 28)
        assert time.monotonic() - began > 1
        await ground.check_neighbour()
        assert resident(ground.server.pid) - before < FLAT_MIB
        assert len((await session.refresh()).background_output) == 2**16
    finally:
        await session.delete()
        await ground.forged.forget()
