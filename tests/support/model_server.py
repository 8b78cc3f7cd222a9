"""A chat model that says what a test wrote down, over the real protocol, streaming included."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Turn = Callable[[], Iterator[dict[str, Any]]]
"""The deltas of one answer, as they are to be sent."""


def text(*pieces: str) -> Turn:
    """An answer in words."""
    return lambda: ({"content": piece} for piece in pieces)


def call(index: int, identity: str, arguments: str, size: int) -> list[dict[str, Any]]:
    """A tool call, its arguments in fragments of `size` characters."""
    first = {"index": index, "id": identity, "type": "function"}
    deltas = [{**first, "function": {"name": "python", "arguments": ""}}]
    for start in range(0, len(arguments), size):
        fragment = arguments[start : start + size]
        deltas.append({"index": index, "function": {"arguments": fragment}})
    return [{"tool_calls": [delta]} for delta in deltas]


class ModelServer(ThreadingHTTPServer):
    """Answers chat completions with one turn after the other."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.turns: list[Turn] = []
        self.requests: list[dict[str, Any]] = []
        self.base_url = f"http://127.0.0.1:{self.server_address[1]}/v1"


class BrokenOff(Exception):  # noqa: N818 - what a turn raises to break its stream
    """The connection is to end in the middle."""


class _Handler(BaseHTTPRequestHandler):
    server: ModelServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/v1/chat/completions" or not body["stream"]:
            self.send_error(404)
            return
        self.server.requests.append(body)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for delta in self.server.turns.pop(0)():
                self._send(self._chunk(body["model"], delta, None))
        except BrokenOff:
            self.close_connection = True
            return
        self._send(self._chunk(body["model"], {}, "stop"))
        # What some servers send when usage is asked for: a chunk without a choice.
        self._send(self._chunk(body["model"], None, None))
        self._send("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, model: str, delta: dict[str, Any] | None, end: str | None) -> str:
        choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": end}]
        return json.dumps(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": model,
                "choices": choices,
            }
        )

    def _send(self, data: str) -> None:
        event = f"data: {data}\n\n".encode()
        self.wfile.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


@contextmanager
def model_server() -> Iterator[ModelServer]:
    """A server that listens."""
    with ModelServer() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
