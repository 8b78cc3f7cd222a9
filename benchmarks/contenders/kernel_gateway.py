"""Jupyter Kernel Gateway in a container, over its REST API and its WebSocket.

Its clients come over TCP, so its container has a network: the engine's bridge.
"""

import http.client
import json
import socket
import time
import uuid
from contextlib import closing
from typing import Any

import websocket

from benchmarks.contenders.base import Base
from benchmarks.limits import CPUS, LABEL, MEMORY_BYTES, PIDS, RUN
from benchmarks.service import docker

PORT = 8888
CALL_SECONDS = 60
START_SECONDS = 60
STEP_SECONDS = 0.01
LARGE = 8
"""Number of sessions whose limits together apply to the shared container."""


class Gateway:
    """One gateway in its container."""

    def __init__(self, image: str, sessions: int) -> None:
        """Start it, with the limits of the given number of sessions together."""
        cpus = min(CPUS * sessions, float(docker("info", "--format", "{{.NCPU}}")))
        self.container = docker(
            "run", "--detach", "--rm", "--init", f"--label={LABEL}={RUN}", f"--cpus={cpus}",
            f"--memory={MEMORY_BYTES * sessions}", f"--memory-swap={MEMORY_BYTES * sessions}",
            f"--pids-limit={PIDS * sessions}",
            image, "jupyter", "kernelgateway", "--KernelGatewayApp.ip=0.0.0.0",
        )  # fmt: skip
        # Not a published port: the engine's proxy for it would be one more hop.
        found = "{{.NetworkSettings.IPAddress}}"
        self.address = f"{docker('inspect', '--format', found, self.container)}:{PORT}"
        try:
            self._until_it_answers()
        except BaseException:
            self.stop()
            raise

    def call(self, method: str, path: str) -> Any:  # noqa: ANN401 - JSON
        """Call its REST API. Raises RuntimeError if it refuses."""
        with closing(http.client.HTTPConnection(self.address, timeout=CALL_SECONDS)) as connection:
            connection.request(method, path, body="{}" if method == "POST" else None)
            response = connection.getresponse()
            body = response.read()
        if response.status >= http.client.BAD_REQUEST:
            raise RuntimeError(f"{method} {path}: {response.status} {body.decode()}")
        return json.loads(body) if body else None

    def stop(self) -> None:
        """Remove its container."""
        docker("kill", self.container)

    def _until_it_answers(self) -> None:
        """Poll until it responds, because the port accepts connections before the gateway does."""
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                self.call("GET", "/api")
                return
            except (OSError, http.client.HTTPException):
                if time.monotonic() > end:
                    raise
                time.sleep(STEP_SECONDS)


class GatewaySession:
    """Kernel of a gateway."""

    def __init__(self, gateway: Gateway, *, owns_gateway: bool) -> None:
        """Start it."""
        self.gateway, self._owns_gateway = gateway, owns_gateway
        self._path = f"/api/kernels/{gateway.call('POST', '/api/kernels')['id']}"
        self._connect()

    def execute(self, code: str) -> str:
        """Run code until the kernel is idle and has replied."""
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        sent = self._send("execute_request", content)
        shown: list[str] = []
        idle = replied = False
        while not (idle and replied):
            # The gateway leaves Nagle's algorithm on: each of its messages would wait 40 ms for
            # this side's delayed acknowledgement. An informed client requests prompt ones.
            self._socket.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            message = json.loads(self._socket.recv())
            content = message["content"]
            if content.get("execution_state") in ("restarting", "dead"):
                raise RuntimeError(f"{code}: the kernel died")
            if message["parent_header"].get("msg_id") != sent:
                continue
            match message["header"]["msg_type"]:
                case "stream":
                    shown.append(content["text"])
                case "execute_result":
                    shown.append(content["data"]["text/plain"])
                case "status":
                    idle = content["execution_state"] == "idle"
                case "execute_reply":
                    replied = True
                    if content["status"] != "ok":
                        raise RuntimeError(f"{code}: {content}")
        return "".join(shown)

    def restart(self) -> None:
        """Restart the kernel, and connect to the fresh one."""
        self.gateway.call("POST", f"{self._path}/restart")
        self._socket.close()
        self._connect()

    def close(self) -> None:
        """Stop the kernel."""
        self._socket.close()
        if self._owns_gateway:
            self.gateway.stop()
        else:
            self.gateway.call("DELETE", self._path)

    def _connect(self) -> None:
        url = f"ws://{self.gateway.address}{self._path}/channels"
        self._socket = websocket.create_connection(url, timeout=CALL_SECONDS)

    def _send(self, kind: str, content: dict[str, Any]) -> str:
        """Send a message to the kernel's shell, and return its id."""
        number = uuid.uuid4().hex
        header = {"msg_id": number, "msg_type": kind, "session": number, "username": "",
                  "version": "5.3", "date": ""}  # fmt: skip
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        self._socket.send(json.dumps({**message, "channel": "shell", "buffers": []}))
        return number


class SharedGateway(Base):
    """One container whose kernels all sessions share: nothing isolates them from each other."""

    def start(self) -> None:
        """Start the gateway, with the limits of several sessions together."""
        self.gateway = Gateway(self.stage.image, LARGE)
        self.stack.callback(self.gateway.stop)

    def open_session(self) -> GatewaySession:
        """Start a kernel."""
        return GatewaySession(self.gateway, owns_gateway=False)


class OwnGateway(Base):
    """Container with a gateway for each session, as isolated as ours are."""

    def open_session(self) -> GatewaySession:
        """Start a gateway and a kernel."""
        gateway = Gateway(self.stage.image, 1)
        try:
            return GatewaySession(gateway, owns_gateway=True)
        except BaseException:
            gateway.stop()
            raise
