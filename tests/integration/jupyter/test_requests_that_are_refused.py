"""Requests that a session can't serve are answered with an error, on both channels."""

from typing import Any

import pytest

from tests.support.jupyter import SECONDS, Notebook

CODE: dict[str, Any] = {"code": "1 + 1", "cursor_pos": 1, "silent": False}
DEBUG = {"type": "request", "seq": 7, "command": "initialize", "arguments": {}}


def ask(notebook: Notebook, channel: str, kind: str, content: dict[str, Any]) -> dict[str, Any]:
    """Send a request, and return the content of its reply."""
    client = notebook.client
    request = client.session.msg(kind, content)
    getattr(client, f"{channel}_channel").send(request)
    receive = client.get_control_msg if channel == "control" else client.get_shell_msg
    while True:
        reply = receive(timeout=SECONDS)
        if reply["parent_header"]["msg_id"] == request["header"]["msg_id"]:
            assert reply["msg_type"] == kind.replace("_request", "_reply")
            return dict(reply["content"])


@pytest.mark.parametrize(
    ("channel", "kind", "content"),
    [
        ("control", "execute_request", CODE),
        ("control", "complete_request", CODE),
        ("control", "inspect_request", CODE),
        ("control", "is_complete_request", CODE),
        ("control", "debug_request", DEBUG),
        ("control", "usage_request", {}),
        ("control", "create_subshell_request", {}),
        ("control", "delete_subshell_request", {"subshell_id": "x"}),
        ("control", "list_subshell_request", {}),
        ("control", "unheard_of_request", {}),
        ("shell", "debug_request", DEBUG),
        ("shell", "unheard_of_request", {}),
        ("shell", "complete_request", {}),
    ],
)
def test_a_request_is_answered_with_an_error(
    shared: Notebook, channel: str, kind: str, content: dict[str, Any]
) -> None:
    reply = ask(shared, channel, kind, content)
    assert (reply["status"], reply["ename"]) == ("error", "NotSupported")
    assert reply["evalue"]


def test_a_refused_debugger_answers_in_its_own_protocol(shared: Notebook) -> None:
    reply = ask(shared, "control", "debug_request", DEBUG)
    assert (reply["type"], reply["success"]) == ("response", False)
    assert (reply["request_seq"], reply["command"]) == (7, "initialize")


def test_the_control_channel_serves_what_needs_no_session(shared: Notebook) -> None:
    assert ask(shared, "control", "kernel_info_request", {})["status"] == "ok"
    assert ask(shared, "control", "comm_info_request", {})["status"] == "ok"


def test_an_interrupt_on_the_control_channel_ends_a_cell(shared: Notebook) -> None:
    def interrupt(_kind: str, content: dict[str, Any]) -> None:
        if content.get("text") == "runs\n":
            assert ask(shared, "control", "interrupt_request", {})["status"] == "ok"

    code = "print('runs')\nimport time\nwhile True: time.sleep(0.01)"
    assert shared.run(code, interrupt).reply["ename"] == "KeyboardInterrupt"
    assert shared.run("6 * 7").reply["status"] == "ok"
