"""Completion, inspection and completeness for front ends, answered by the sandbox's kernel."""

from typing import Any

import pytest

from tests.support.jupyter import SECONDS, Notebook

DEFINED = "def far_from_here(distance):\n    'Tells how far it is.'\nfar_away = 1"


@pytest.fixture(scope="module")
def defined(shared: Notebook) -> Notebook:
    shared.run(DEFINED)
    return shared


def test_names_are_completed_with_their_kinds(defined: Notebook) -> None:
    """Places are counted in code points: a character beyond the first 65,536 is one."""
    reply = answer(defined, "complete", "'😀'; far_ + 1", 9)
    assert reply["matches"] == ["far_away", "far_from_here"]
    assert (reply["cursor_start"], reply["cursor_end"]) == (5, 9)
    kinds = reply["metadata"]["_jupyter_types_experimental"]
    assert [(kind["text"], kind["start"], kind["end"]) for kind in kinds] == [
        ("far_away", 5, 9),
        ("far_from_here", 5, 9),
    ]


def test_a_name_is_described(defined: Notebook) -> None:
    reply = answer(defined, "inspect", "far_from_here")
    assert reply["found"]
    assert "Tells how far it is." in reply["data"]["text/plain"]
    assert answer(defined, "inspect", "nowhere")["found"] is False


@pytest.mark.parametrize(
    ("code", "status"),
    [("x = 1", "complete"), ("for x in y:", "incomplete"), ("x = = 1", "invalid")],
)
def test_incomplete_code_is_recognised(defined: Notebook, code: str, status: str) -> None:
    reply = answer(defined, "is_complete", code)
    assert reply["status"] == status
    assert reply.get("indent") == ("    " if status == "incomplete" else None)


def answer(notebook: Notebook, question: str, *asked: str | int) -> dict[str, Any]:
    """Ask the kernel through the client, and return the reply."""
    sent = getattr(notebook.client, question)(*asked)
    while True:
        message = notebook.client.get_shell_msg(timeout=SECONDS)
        if message["parent_header"]["msg_id"] == sent:
            content: dict[str, Any] = message["content"]
            return content
