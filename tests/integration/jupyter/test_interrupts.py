"""Interrupts, limits and kernel deaths are reported in the cell, and the notebook continues."""

from collections.abc import Callable
from typing import Any

import pytest

from cellblock_client import Client
from tests.support.jupyter import SECONDS, Notebook
from tests.support.waiting import until

ENDLESS = "print('runs')\nwhile True: pass"


@pytest.mark.parametrize("mode", ["signal", "message"])
def test_an_interrupt_ends_the_cell_and_keeps_variables(shared: Notebook, mode: str) -> None:
    assert shared.manager.kernel_spec is not None
    shared.manager.kernel_spec.interrupt_mode = mode
    shared.run("kept = 1")
    shown = shared.run(ENDLESS, interrupt(shared))
    assert shown.kinds == ["stream", "error"]
    assert shown.reply["ename"] == "KeyboardInterrupt"
    assert shared.run("kept").messages[0][1]["data"] == {"text/plain": "1"}


def test_an_interrupt_without_a_running_cell_has_no_effect(shared: Notebook) -> None:
    shared.client.control_channel.send(shared.client.session.msg("interrupt_request", {}))
    assert shared.client.get_control_msg(timeout=SECONDS)["content"] == {"status": "ok"}
    # By its answer the kernel has heeded what came before.
    shared.client.kernel_info(reply=True, timeout=SECONDS)
    assert shared.run("print('runs')").text == "runs\n"


def test_cells_behind_one_that_fails_are_not_run(shared: Notebook) -> None:
    """Send all cells without waiting, as the menu item `Run all` does."""
    shared.run("ran = 0")
    sent = [shared.client.execute(code) for code in ("1 / 0", *["ran += 1"] * 4)]
    replies: dict[str, str] = {}
    while len(replies) < len(sent):
        message = shared.client.get_shell_msg(timeout=SECONDS)
        replies[message["parent_header"]["msg_id"]] = message["content"]["status"]
    assert [replies[one] for one in sent] == ["error", *["aborted"] * 4]
    assert shared.run("ran").messages[0][1]["data"] == {"text/plain": "0"}


def test_a_dead_kernel_is_reported_and_the_count_restarts(shared: Notebook) -> None:
    shown = shared.run("import os; os._exit(3)")
    assert shown.kinds == ["error"]
    assert shown.reply["ename"] == "KernelDied"
    assert shown.reply["evalue"] == (
        "the kernel died: exit code 3; a new kernel was started, and all variables are lost"
    )
    assert shared.run("1").reply["execution_count"] == 1


def test_a_kernel_death_between_cells_is_reported_by_the_next_cell(
    shared: Notebook, client: Client
) -> None:
    session = client.sessions.get(shared.provisioner.session_id)
    before = session.info.kernel_generation
    shared.run(
        "import os, pathlib, threading, time\n"
        "pathlib.Path('die').unlink(missing_ok=True)\n"
        "def die():\n"
        "    while not pathlib.Path('die').exists(): time.sleep(0.01)\n"
        "    os._exit(3)\n"
        "threading.Thread(target=die).start()"
    )
    session.files.write("die", b"")
    until(lambda: session.refresh().kernel_generation > before)
    assert shared.run("1").text == (
        "[variables of earlier cells are lost: the kernel ended while nothing ran (exit code 3)]\n"
    )
    assert shared.run("2").text == ""


def test_a_cell_ends_at_its_time_limit(open_kernel: Callable[..., Notebook]) -> None:
    notebook = open_kernel(time_limit=0.5)
    reply = notebook.run(ENDLESS).reply
    assert (reply["ename"], reply["evalue"]) == ("TimeLimit", "time limit of 0.5 s reached")


def interrupt(notebook: Notebook) -> Callable[[str, dict[str, Any]], None]:
    """Interrupts when the first message comes: the code runs then."""

    def act(kind: str, _content: dict[str, Any]) -> None:
        if kind == "stream":
            notebook.manager.interrupt_kernel()

    return act
