"""Translation of Jupyter's messages into the agent's events: pure functions.

Source: jupyter_client's documentation, "Messaging in Jupyter". User code can send messages in the
kernel's name, so every field is checked.
"""

import base64
import binascii
import json
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_agent.output.limits import IMAGE_TYPES
from cellblock_agent.output.text import make_encodable

MAX_TYPES = 100
"""Maximum number of types of one result or display; each is a field of the event."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STREAMS = {"stdout": pb.STREAM_NAME_STDOUT, "stderr": pb.STREAM_NAME_STDERR}
RICH_KINDS = {
    "execute_result": pb.RICH_KIND_RESULT,
    "display_data": pb.RICH_KIND_DISPLAY,
    "update_display_data": pb.RICH_KIND_UPDATE,
}


def parent_of(message: dict[str, Any]) -> str:
    """Return the id of the request that a message belongs to; empty if it names none."""
    parent = message.get("parent_header")
    identity = parent.get("msg_id") if isinstance(parent, dict) else None
    return identity if isinstance(identity, str) else ""


def is_begin(message: dict[str, Any]) -> bool:
    """Return whether a message reports that the kernel is about to run its parent's code."""
    return message.get("msg_type") == "execute_input"


def nanos_of(message: dict[str, Any]) -> int | None:
    """Return a message's time in nanoseconds since 1970, or None if it has none."""
    try:
        since = datetime.fromisoformat(message["date"]) - EPOCH
        return since // timedelta(microseconds=1) * 1000
    except (KeyError, TypeError, ValueError):
        return None


def is_idle(message: dict[str, Any]) -> bool:
    """Return whether a message reports that the kernel has finished its parent request."""
    return (
        message.get("msg_type") == "status" and _content(message).get("execution_state") == "idle"
    )


def event_of(message: dict[str, Any]) -> pb.Event | None:
    """Return a message of the output channel as an event; None if there is nothing to show."""
    kind, content = message.get("msg_type"), _content(message)
    if not isinstance(kind, str):
        return None
    if kind == "stream":
        name = STREAMS.get(str(content.get("name")))
        if name is None:
            return None
        return pb.Event(
            stream_text=pb.StreamText(name=name, text=make_encodable(content.get("text", "")))
        )
    if kind in RICH_KINDS:
        return pb.Event(rich=_rich(RICH_KINDS[kind], content))
    if kind == "clear_output":
        return pb.Event(clear_output=pb.ClearOutput(wait=bool(content.get("wait"))))
    if kind == "error":
        return _shown_error(content)
    return None


def error_of(reply: dict[str, Any]) -> pb.Event | None:
    """Return the exception that ended the code, from the kernel's reply; None if there is none."""
    content = _content(reply)
    return pb.Event(error=_error(content)) if content.get("status") == "error" else None


def execution_count_of(reply: dict[str, Any]) -> int:
    """Return the kernel's counter from a reply; 0 if there is none."""
    count = _content(reply).get("execution_count")
    return count if isinstance(count, int) and 0 <= count < 2**62 else 0


def _content(message: dict[str, Any]) -> dict[str, Any]:
    content = message.get("content")
    return content if isinstance(content, dict) else {}


def _rich(kind: pb.RichKind.ValueType, content: dict[str, Any]) -> pb.Rich:
    data = content.get("data")
    metadata = content.get("metadata")
    transient = content.get("transient")
    display_id = transient.get("display_id", "") if isinstance(transient, dict) else ""
    return pb.Rich(
        kind=kind,
        data=dict(_bundle(data) if isinstance(data, dict) else ()),
        metadata_json=_json(metadata) if metadata else "",
        display_id=make_encodable(display_id),
    )


def _bundle(data: dict[str, Any]) -> list[tuple[str, bytes]]:
    items = []
    for mime_type, value in islice(data.items(), MAX_TYPES):
        name = make_encodable(mime_type)
        if name in IMAGE_TYPES:
            image = _decoded(value)
            if image:
                items.append((name, image))
        elif isinstance(value, str) and not _is_json(name):
            items.append((name, make_encodable(value).encode()))
        else:
            items.append((name, _json(value).encode()))
    return items


def _is_json(mime_type: str) -> bool:
    return mime_type == "application/json" or mime_type.endswith("+json")


def _decoded(value: object) -> bytes:
    if not isinstance(value, str):
        return b""
    try:
        return base64.b64decode(value)
    except (binascii.Error, ValueError):
        return b""


def _json(value: object) -> str:
    return make_encodable(json.dumps(value, ensure_ascii=False))


def _shown_error(content: dict[str, Any]) -> pb.Event:
    """Return an error that code has shown as text: only a reply says that the code failed."""
    error = _error(content)
    lines = error.traceback or [f"{error.name}: {error.value}"]
    text = "\n".join(lines) + "\n"
    return pb.Event(stream_text=pb.StreamText(name=pb.STREAM_NAME_STDERR, text=text))


def _error(content: dict[str, Any]) -> pb.Error:
    traceback = content.get("traceback")
    return pb.Error(
        name=make_encodable(content.get("ename", "")),
        value=make_encodable(content.get("evalue", "")),
        traceback=map(make_encodable, traceback if isinstance(traceback, list) else []),
    )
