"""A message is measured before it is parsed: its size, wide characters, and number of values."""

import json

import pytest

from cellblock_agent.kernel.message_bounds import MAX_BYTES, MEMORY_SHARE, MessageBounds
from cellblock_agent.processes import memory

MIB = 2**20


@pytest.fixture
def bounds(monkeypatch: pytest.MonkeyPatch) -> MessageBounds:
    """Return the bounds of a sandbox with 240 MiB, whose messages may have 10 MiB."""
    monkeypatch.setattr(memory, "read_memory_limit", lambda: None)
    return MessageBounds(240 * MIB)


ALLOWED = {
    "an image": json.dumps({"data": {"image/png": "iVBO" * (9 * MIB // 4)}}),
    "text with as many commas as letters": json.dumps({"text": ",[{:" * 2 * MIB}),
    "escapes": json.dumps({"text": '"\\\n' * MIB}),
    "numbers": json.dumps({"z": list(range(100_000))}),
    "wide text": json.dumps({"text": "💡" * (MIB // 2)}, ensure_ascii=False),
}
REFUSED = {
    "size": "x" * (10 * MIB + 1),
    "lists of nothing": "[" + "[]," * MIB + "[]]",
    "nested lists": "[" * MIB,
    "names": "{" + '"":0,' * MIB + '"":0}',
    "strings that are no JSON": '""' * MIB,
    "one wide character in much text": json.dumps("x" * (3 * MIB) + "💡", ensure_ascii=False),
}


@pytest.mark.parametrize("text", ALLOWED.values(), ids=ALLOWED)
def test_what_code_shows_passes(bounds: MessageBounds, text: str) -> None:
    assert bounds.problem_of([b"{}", text.encode()]) == ""


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_takes_much_more_memory_than_it_has_bytes_does_not(
    bounds: MessageBounds, text: str
) -> None:
    assert bounds.problem_of([b"{}", text.encode()]) != ""


def test_it_is_a_share_of_the_sandboxs_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "read_memory_limit", lambda: 256 * MIB)
    assert MessageBounds().max_bytes == 256 * MIB // MEMORY_SHARE
    monkeypatch.setattr(memory, "read_memory_limit", lambda: 2**40)
    assert MessageBounds().max_bytes == MAX_BYTES
    monkeypatch.setattr(memory, "read_memory_limit", lambda: None)
    assert MessageBounds().max_bytes == MAX_BYTES
