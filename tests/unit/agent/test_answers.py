"""What a kernel says of code, as the agent hands it on: bounded, whatever it says."""

from typing import Any

import pytest

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_agent.contexts.answers import (
    MAX_CHARACTERS,
    MAX_COMPLETIONS,
    MAX_INSPECTION_BYTES,
    MAX_REPRESENTATIONS,
    completeness_of,
    completions_of,
    inspection_of,
)

CODE = "größe.x"


def completed(**content: Any) -> pb.CompleteCodeResponse:
    usual = {"matches": ["xa"], "cursor_start": 6, "cursor_end": 7}
    return completions_of({"content": usual | content}, CODE, 7)


def inspected(**content: Any) -> pb.InspectCodeResponse:
    return inspection_of({"content": {"found": True, "data": {}, **content}})


def test_completions_have_their_place_and_their_types() -> None:
    types = [{"text": "xa", "type": "function"}, {"text": "xb", "type": "<unknown>"}]
    told = completed(matches=["xa", "xb"], metadata={"_jupyter_types_experimental": types})
    assert [(one.text, one.type) for one in told.completions] == [("xa", "function"), ("xb", "")]
    assert (told.cursor_start, told.cursor_end, told.more) == (6, 7, False)


def test_too_many_completions_are_cut_and_told() -> None:
    told = completed(matches=[f"x{number}" for number in range(MAX_COMPLETIONS + 1)])
    assert (len(told.completions), told.more) == (MAX_COMPLETIONS, True)


def test_too_long_a_completion_is_left_out_and_told() -> None:
    told = completed(matches=["x" * (MAX_CHARACTERS + 1), "xa", 5])
    assert ([one.text for one in told.completions], told.more) == (["xa"], True)


@pytest.mark.parametrize(
    "content",
    [
        {"cursor_start": -1},
        {"cursor_end": len(CODE) + 1},
        {"cursor_start": "6"},
        {"cursor_end": None},
        {"matches": "xa"},
        {"matches": None},
    ],
)
def test_what_makes_no_sense_is_no_completion(content: dict[str, Any]) -> None:
    assert completed(**content) == pb.CompleteCodeResponse(cursor_start=7, cursor_end=7)


@pytest.mark.parametrize("metadata", [5, {"_jupyter_types_experimental": [5, {"text": {}}]}])
def test_types_that_make_no_sense_are_left_out(metadata: object) -> None:
    assert [one.type for one in completed(metadata=metadata).completions] == [""]


def test_lone_surrogates_are_replaced() -> None:
    assert completed(matches=["x\ud800"]).completions[0].text == "x\ufffd"


def test_text_about_a_name_is_handed_on_and_nothing_else() -> None:
    told = inspected(data={"text/plain": "plain", "text/html": "<b>", "image/png": "…"})
    assert dict(told.data) == {"text/plain": "plain", "text/html": "<b>"}


def test_too_much_about_a_name_is_cut_and_told_from_the_plain_text_on() -> None:
    long = "ö" * MAX_INSPECTION_BYTES
    told = inspected(data={"text/a": long, "text/plain": long})
    assert len(told.data["text/plain"].encode()) == MAX_INSPECTION_BYTES
    assert (told.data["text/a"], told.cut) == ("", True)


def test_too_many_representations_are_cut_and_told() -> None:
    told = inspected(data={f"text/{number}": "" for number in range(MAX_REPRESENTATIONS + 1)})
    assert (len(told.data), told.cut) == (MAX_REPRESENTATIONS, True)


@pytest.mark.parametrize("found", [False, None, "yes"])
def test_what_is_not_found_has_no_text(found: object) -> None:
    assert inspected(found=found, data={"text/plain": "x"}) == pb.InspectCodeResponse()


def test_code_is_complete_or_not() -> None:
    told = completeness_of({"content": {"status": "incomplete", "indent": "    "}})
    assert (told.status, told.indent) == (pb.CODE_STATUS_INCOMPLETE, "    ")


@pytest.mark.parametrize("status", ["", "error", None, [], "unknown"])
def test_another_status_is_unknown(status: object) -> None:
    told = completeness_of({"content": {"status": status, "indent": 5}})
    assert (told.status, told.indent) == (pb.CODE_STATUS_UNKNOWN, "")


@pytest.mark.parametrize("message", [{}, {"content": None}, {"content": []}])
def test_a_message_without_content_says_nothing(message: dict[str, Any]) -> None:
    assert not completions_of(message, CODE, 7).completions
    assert not inspection_of(message).found
    assert completeness_of(message).status == pb.CODE_STATUS_UNKNOWN
