"""A Jupyter server, like JupyterLab's, starts the kernel and forwards its messages."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from cellblock_client import Client, SessionState
from tests.support.waiting import until

TOKEN = "for-this-test"


@dataclass
class JupyterServer:
    """A running Jupyter server, called through its REST API."""

    port: int

    def call(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {TOKEN}"},
        )
        with urllib.request.urlopen(request, timeout=40) as answer:  # noqa: S310 - our own address
            return json.loads(answer.read() or b"null")

    async def connect(self, kernel: str) -> WebSocketClientConnection:
        path = f"api/kernels/{kernel}/channels?token={TOKEN}"
        return await websocket_connect(f"ws://127.0.0.1:{self.port}/{path}")


@pytest.fixture(scope="module")
def jupyter(
    installed: str, jupyter_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[JupyterServer]:
    root = tmp_path_factory.mktemp("notebooks")
    runtime = jupyter_folder / "runtime"
    with (root / "server.log").open("w") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
                *(f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={root}"),
                *("--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"),
            ],
            stdout=log,
            stderr=log,
        )
        description = runtime / f"jpserver-{process.pid}.json"
        try:
            until(lambda: _answers(description) or process.poll() is not None, 40)
            yield _server_described_by(description)
        finally:
            process.terminate()
            process.wait(40)


def _server_described_by(file: Path) -> JupyterServer:
    return JupyterServer(json.loads(file.read_text())["port"])


def _answers(file: Path) -> bool:
    """Whether the server listens: it writes the file before it does."""
    try:
        _server_described_by(file).call("GET", "status")
    except (FileNotFoundError, json.JSONDecodeError, urllib.error.URLError):
        return False
    return True


async def test_a_kernel_is_listed_started_used_and_shut_down(
    jupyter: JupyterServer, installed: str, client: Client
) -> None:
    assert installed in jupyter.call("GET", "kernelspecs")["kernelspecs"]
    kernel = jupyter.call("POST", "kernels", {"name": installed})["id"]
    (session,) = [one for one in client.sessions.list() if one.labels == label(kernel)]
    socket = await jupyter.connect(kernel)
    sent = request("print('hello'); 6 * 7")
    await socket.write_message(json.dumps(sent))
    shown: list[str] = []
    replied = False
    while not (replied and shown[-1:] == ["idle"]):
        message = json.loads(str(await socket.read_message()))
        if message["parent_header"].get("msg_id") != sent["header"]["msg_id"]:
            continue
        match message["msg_type"], message["content"]:
            case "stream", content:
                shown.append(content["text"])
            case "execute_result", content:
                shown.append(content["data"]["text/plain"])
            case "status", content:
                shown.append(content["execution_state"])
            case "execute_reply", content:
                replied = content["status"] == "ok"
    assert shown == ["busy", "hello\n", "42", "idle"]
    socket.close()
    jupyter.call("DELETE", f"kernels/{kernel}")
    assert client.sessions.get(session.id).info.state is SessionState.DELETED


def label(kernel: str) -> dict[str, str]:
    return {"jupyter_kernel": kernel}


def request(code: str) -> dict[str, Any]:
    """Return the message with which a front end executes code."""
    header = {
        "msg_id": uuid4().hex,
        "msg_type": "execute_request",
        "session": uuid4().hex,
        "username": "",
        "version": "5.4",
    }
    content = {"code": code, "silent": False, "store_history": True}
    return {
        "channel": "shell",
        "header": header,
        "parent_header": {},
        "metadata": {},
        "content": content,
    }
