"""Output of threads, tasks and child processes reaches the front end after the cell's end."""

from pathlib import Path

import pytest

from cellblock_client import Client
from tests.support.jupyter import SECONDS, Notebook

WAIT = "while not pathlib.Path({name!r}).exists(): {pause}"
LATE = {
    "thread": (
        "def late():\n    {wait}\n    print('late thread')\nthreading.Thread(target=late).start()"
    ),
    "task": (
        "async def late():\n    {wait}\n    print('late task')\ntask = asyncio.create_task(late())"
    ),
    "child": (
        "code = '''import pathlib, time\n{wait}\nprint('late child')'''\n"
        "child = subprocess.Popen([sys.executable, '-c', code])"
    ),
}


@pytest.mark.parametrize("kind", LATE)
def test_late_output_is_shown_under_its_cell(shared: Notebook, client: Client, kind: str) -> None:
    pause = "await asyncio.sleep(0.01)" if kind == "task" else "time.sleep(0.01)"
    name = f"{kind}.go"
    code = LATE[kind].format(wait=WAIT.format(name=name, pause=pause))
    modules = "import asyncio, pathlib, subprocess, sys, threading, time\n"
    request = shared.client.execute(
        modules + f"pathlib.Path({name!r}).unlink(missing_ok=True)\n{code}"
    )
    while shared.client.get_shell_msg(timeout=SECONDS)["parent_header"]["msg_id"] != request:
        pass
    session = client.sessions.get(shared.provisioner.session_id)
    session.files.write(str(Path(name)), b"")
    while True:
        message = shared.client.get_iopub_msg(timeout=SECONDS)
        if message["msg_type"] == "stream" and "late" in message["content"]["text"]:
            break
    assert message["content"]["text"] == f"late {kind}\n"
    assert message["parent_header"]["msg_id"] == request
    shared.run("1")


def test_late_output_is_shown_once(shared: Notebook) -> None:
    shown = shared.run("print('only')")
    assert shown.text == "only\n"
