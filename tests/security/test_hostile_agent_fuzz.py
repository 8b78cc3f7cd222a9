"""Random agent messages in any order: each execution ends once, and the server stays up.

`HostileGround.check` has what is promised. The examples are the same ones in each run
(`derandomize`); a failure prints what reproduces it.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any

import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cellblock.agent.v1 import agent_pb2 as pb
from tests.support.forged import Script, batch
from tests.support.hostile_ground import HostileGround
from tests.support.lies import answers

pytestmark = pytest.mark.slow

EXAMPLES = 60
NUMBERS = st.one_of(st.sampled_from([0, 1, -1, 2**31, 2**63 - 1, -(2**63)]), st.integers(-5, 5))
WORDS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["", "\0", "\x1b[2J", "../../etc/passwd", "/etc/passwd", "a/b", "x" * 70_000]),
)
KINDS = st.integers(-1, 7)
FILES = st.builds(
    lambda path, size, seconds, nanos, is_folder: pb.FileEntry(
        path=path,
        bytes=size,
        modify_time=Timestamp(seconds=seconds, nanos=nanos),
        is_folder=is_folder,
    ),
    WORDS,
    NUMBERS,
    NUMBERS,
    st.integers(-1, 2**31 - 1),
    st.booleans(),
)
CHANGES = st.builds(
    lambda changed, before, deleted, skipped: pb.FileChanges(
        changed=[pb.ChangedFile(file=file, renamed_from=before) for file in changed],
        deleted=deleted,
        skipped=[pb.SkippedFile(path=path, reason=path) for path in skipped],
    ),
    st.lists(FILES, max_size=3),
    WORDS,
    st.lists(WORDS, max_size=3),
    st.lists(WORDS, max_size=3),
)
TYPES = st.one_of(WORDS, st.sampled_from(["text/plain", "image/png", "application/json"]))


def event(what: str, /, **values: Any) -> pb.Event:
    made = pb.Event()
    inner: Message = getattr(made, what)
    inner.CopyFrom(type(inner)(**values))
    inner.SetInParent()
    return made


def events(what: str, /, **values: st.SearchStrategy[Any]) -> st.SearchStrategy[pb.Event]:
    return st.builds(partial(event, what), **values)


EVENTS = st.one_of(
    events("execution_started", kernel_generation=NUMBERS),
    events("stream_text", name=KINDS, text=WORDS),
    events(
        "rich",
        kind=KINDS,
        data=st.dictionaries(TYPES, st.binary(max_size=20), max_size=3),
        metadata_json=st.sampled_from(["", "{}", "{", "[" * 1000]),
        display_id=WORDS,
    ),
    events("clear_output", wait=st.booleans()),
    events("error", name=WORDS, value=WORDS, traceback=st.lists(WORDS, max_size=3)),
    events("output_cut", omitted_bytes=NUMBERS, limit=KINDS, limit_value=NUMBERS),
    events("kernel_restarted", kernel_generation=NUMBERS, reason=WORDS),
    events(
        "execution_finished",
        outcome=KINDS,
        message=WORDS,
        execution_count=NUMBERS,
        changes=CHANGES,
        kept_output_bytes=NUMBERS,
    ),
    CHANGES.map(lambda changes: pb.Event(background_changes=changes)),
    st.just(pb.Event()),
)


@st.composite
def conversations(draw: st.DrawFn) -> Script:
    """Generate mostly valid events, so that invalid ones come at any position."""
    sent = draw(st.lists(EVENTS, max_size=5))
    if draw(st.integers(0, 4)):
        sent.insert(0, event("execution_started", kernel_generation=1))
    if draw(st.integers(0, 4)):
        sent.append(event("execution_finished", outcome=pb.OUTCOME_RAN))
    names = [draw(st.sampled_from([None] * 8 + ["", "call_other"])) for _ in sent]
    steps = [draw(st.sampled_from([1] * 20 + [0, 2, -1])) for _ in sent]
    pieces = draw(st.lists(st.binary(max_size=50), max_size=3))
    flips = draw(st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 255)), max_size=1))

    def messages(name: str) -> Iterable[bytes]:
        number = 0
        for one, other, step in zip(sent, names, steps, strict=True):
            number += step
            copy = pb.Event.FromString(one.SerializeToString())
            copy.sequence, copy.execution_id = number, name if other is None else other
            data = bytearray(batch(copy))
            for place, change in flips:
                data[place % len(data)] ^= change
            yield bytes(data)

    read = answers(*(pb.ReadFileResponse(data=piece) for piece in pieces))
    return Script(messages, {"ReadFile": read, "ReadOutput": read})


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)
@given(script=conversations())
async def test_any_conversation_harms_only_its_session(
    ground: HostileGround, script: Script
) -> None:
    await ground.play(script)
