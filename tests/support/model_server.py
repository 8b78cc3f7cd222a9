"""A chat model with scripted answers, over the real protocols.

Chat completions, streamed and whole, and the Responses API, whole.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Turn = Callable[[], Iterator[dict[str, Any]]]
"""The deltas of one answer, as they are to be sent."""


def text(*pieces: str) -> Turn:
    """Return an answer of text only."""
    return lambda: ({"content": piece} for piece in pieces)


def call(index: int, identity: str, arguments: str, size: int) -> list[dict[str, Any]]:
    """Return a tool call, its arguments in fragments of `size` characters."""
    first = {"index": index, "id": identity, "type": "function"}
    deltas = [{**first, "function": {"name": "python", "arguments": ""}}]
    for start in range(0, len(arguments), size):
        fragment = arguments[start : start + size]
        deltas.append({"index": index, "function": {"arguments": fragment}})
    return [{"tool_calls": [delta]} for delta in deltas]


def said(deltas: Iterator[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """Return the text and the tool calls of a whole turn."""
    text = ""
    calls: dict[int, dict[str, Any]] = {}
    for delta in deltas:
        text += delta.get("content", "")
        for part in delta.get("tool_calls", ()):
            function = part["function"]
            call = calls.setdefault(part["index"], {"id": part.get("id"), "arguments": ""})
            call["name"] = function.get("name", call.get("name"))
            call["arguments"] += function["arguments"]
    return text, list(calls.values())


def completion(model: str, text: str, calls: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a whole chat completion."""
    message: dict[str, Any] = {"role": "assistant", "content": text or None}
    if calls:
        message["tool_calls"] = [
            {
                "id": call["id"],
                "type": "function",
                "function": {"name": call["name"], "arguments": call["arguments"]},
            }
            for call in calls
        ]
    end = "tool_calls" if calls else "stop"
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": end}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


def response(model: str, text: str, calls: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a whole response of the Responses API."""
    output: list[dict[str, Any]] = [
        {
            "id": f"fc_{call['id']}",
            "type": "function_call",
            "call_id": call["id"],
            "name": call["name"],
            "arguments": call["arguments"],
            "status": "completed",
        }
        for call in calls
    ]
    if text:
        content = [{"type": "output_text", "text": text, "annotations": []}]
        message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed"}
        output.append({**message, "content": content})
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": model,
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 1,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 1,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 2,
        },
    }


WHOLE = {"/v1/chat/completions": completion, "/v1/responses": response}


class ModelServer(ThreadingHTTPServer):
    """Answers requests with one scripted turn after the other."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.turns: list[Turn] = []
        self.requests: list[dict[str, Any]] = []
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        self.base_url = f"{self.address}/v1"
        self.others: list[str] = []
        """Hosts that programs with this server as HTTPS_PROXY tried to reach."""


class BrokenOff(Exception):  # noqa: N818 - what a turn raises to break its stream
    """Raised to end the connection in the middle of an answer."""


class _Handler(BaseHTTPRequestHandler):
    server: ModelServer
    protocol_version = "HTTP/1.1"

    def do_CONNECT(self) -> None:
        self.server.others.append(self.path)
        self.send_error(403)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        streamed = body.get("stream", False)
        if self.path not in WHOLE or (streamed and self.path != "/v1/chat/completions"):
            self.send_error(404)
            return
        self.server.requests.append(body)
        if streamed:
            self._stream(body)
        else:
            self._answer(WHOLE[self.path](body["model"], *said(self.server.turns.pop(0)())))

    def _answer(self, whole: dict[str, Any]) -> None:
        data = json.dumps(whole).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, body: dict[str, Any]) -> None:
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
        # Some servers send this chunk without a choice if usage is requested.
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
        """Discard the log line."""


@contextmanager
def model_server() -> Iterator[ModelServer]:
    """Run the server for the length of the block."""
    with ModelServer() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
