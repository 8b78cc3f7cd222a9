"""Answers of a kernel about code, as the agent forwards them: bounded, whatever they contain."""

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
    reported = completed(matches=["xa", "xb"], metadata={"_jupyter_types_experimental": types})
    assert [(one.text, one.type) for one in reported.completions] == [
        ("xa", "function"),
        ("xb", ""),
    ]
    assert (reported.cursor_start, reported.cursor_end, reported.more) == (6, 7, False)


def test_completions_over_the_limit_are_dropped_and_marked() -> None:
    reported = completed(matches=[f"x{number}" for number in range(MAX_COMPLETIONS + 1)])
    assert (len(reported.completions), reported.more) == (MAX_COMPLETIONS, True)


def test_a_completion_that_is_too_long_is_dropped_and_marked() -> None:
    reported = completed(matches=["x" * (MAX_CHARACTERS + 1), "xa", 5])
    assert ([one.text for one in reported.completions], reported.more) == (["xa"], True)


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


def test_only_textual_descriptions_of_a_name_are_forwarded() -> None:
    reported = inspected(data={"text/plain": "plain", "text/html": "<b>", "image/png": "…"})
    assert dict(reported.data) == {"text/plain": "plain", "text/html": "<b>"}


def test_a_description_over_the_limit_is_cut_after_the_plain_text_and_marked() -> None:
    long = "ö" * MAX_INSPECTION_BYTES
    reported = inspected(data={"text/a": long, "text/plain": long})
    assert len(reported.data["text/plain"].encode()) == MAX_INSPECTION_BYTES
    assert (reported.data["text/a"], reported.cut) == ("", True)


def test_representations_over_the_limit_are_dropped_and_marked() -> None:
    reported = inspected(data={f"text/{number}": "" for number in range(MAX_REPRESENTATIONS + 1)})
    assert (len(reported.data), reported.cut) == (MAX_REPRESENTATIONS, True)


@pytest.mark.parametrize("found", [False, None, "yes"])
def test_what_is_not_found_has_no_text(found: object) -> None:
    assert inspected(found=found, data={"text/plain": "x"}) == pb.InspectCodeResponse()


def test_code_is_complete_or_not() -> None:
    reported = completeness_of({"content": {"status": "incomplete", "indent": "    "}})
    assert (reported.status, reported.indent) == (pb.CODE_STATUS_INCOMPLETE, "    ")


@pytest.mark.parametrize("status", ["", "error", None, [], "unknown"])
def test_another_status_is_unknown(status: object) -> None:
    reported = completeness_of({"content": {"status": status, "indent": 5}})
    assert (reported.status, reported.indent) == (pb.CODE_STATUS_UNKNOWN, "")


@pytest.mark.parametrize("message", [{}, {"content": None}, {"content": []}])
def test_a_message_without_content_says_nothing(message: dict[str, Any]) -> None:
    assert not completions_of(message, CODE, 7).completions
    assert not inspection_of(message).found
    assert completeness_of(message).status == pb.CODE_STATUS_UNKNOWN
