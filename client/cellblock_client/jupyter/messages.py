"""Conversion of an execution's events to Jupyter's messages: pure functions.

Source: jupyter_client's documentation, "Messaging in Jupyter".
"""

import base64
import json
from dataclasses import dataclass
from typing import Any

from cellblock_client.events import (
    Display,
    DisplayUpdate,
    ErrorRaised,
    Event,
    GeneratedFile,
    Image,
    OutputCleared,
    OutputCut,
    Result,
    Rich,
    Stderr,
    Stdout,
)
from cellblock_client.introspection import CodeStatus, Completeness, Completions
from cellblock_client.types import CodeError, Failure, FailureCause, File

MAX_JSON_DEPTH = 100
"""Maximum depth of JSON: Jupyter's programs process messages recursively."""


@dataclass(frozen=True)
class Message:
    """Message to publish, as `msg_type` and `content`."""

    kind: str
    content: dict[str, Any]


def message_of(event: Event, image_data: bytes, execution_count: int) -> Message | None:
    """Return the message for an event; None if Jupyter has none.

    `image_data` holds the bytes of an event's stored file.
    """
    match event:
        case Stdout(text=text):
            return stream("stdout", text)
        case Stderr(text=text):
            return stream("stderr", text)
        case Result():
            return _result(_bundle(event), execution_count)
        case Display():
            return Message("display_data", _bundle(event))
        case Image(file=file, alternatives=others, metadata_json=metadata):
            content = _content(
                others | _image_content(file, image_data), metadata, event.display_id
            )
            if event.is_result:
                return _result(content, execution_count)
            return Message("display_data", content)
        case DisplayUpdate(file=file):
            content = _bundle(event)
            if file is not None:
                content["data"] |= _image_content(file, image_data)
            return Message("update_display_data", content)
        case OutputCleared(wait=wait):
            return Message("clear_output", {"wait": wait})
        case ErrorRaised(error=error):
            return Message("error", error_content(error))
        case OutputCut():
            unit = "events" if event.limit == "EVENTS" else "bytes"
            return _note(
                f"{event.omitted_bytes} bytes of output left out: "
                f"the limit is {event.limit_value} {unit}"
            )
        case GeneratedFile(file=File(id=identity), is_full_output=True):
            return _note(f"all of the output: cellblock files download {identity}")
    return None


def stream(name: str, text: str) -> Message:
    """Create a `stream` message with text on `stdout` or `stderr`."""
    return Message("stream", {"name": name, "text": text})


def error_content(error: CodeError) -> dict[str, Any]:
    """Convert an exception for messages and replies."""
    return {"ename": error.name, "evalue": error.value, "traceback": list(error.traceback)}


def failure_error(failure: Failure) -> CodeError:
    """Convert a failure outside the code to an exception, the only format that Jupyter has."""
    if failure.cause is FailureCause.CANCELLED:
        name = "KeyboardInterrupt"
    else:
        name = "".join(word.capitalize() for word in failure.cause.name.split("_"))
    return CodeError(name=name, value=failure.message, traceback=(f"{name}: {failure.message}",))


def complete_content(found: Completions) -> dict[str, Any]:
    """Create a `complete_reply`, with types where IPython and JupyterLab have them."""
    place = {"start": found.cursor_start, "end": found.cursor_end}
    return {
        "status": "ok",
        "matches": [item.text for item in found.items],
        "cursor_start": found.cursor_start,
        "cursor_end": found.cursor_end,
        "metadata": {
            "_jupyter_types_experimental": [
                place | {"text": item.text, "type": item.type} for item in found.items
            ]
        },
    }


def is_complete_content(found: Completeness) -> dict[str, Any]:
    """Create an `is_complete_reply`."""
    content = {"status": found.status.name.lower()}
    if found.status is CodeStatus.INCOMPLETE:
        content["indent"] = found.indent
    return content


def _result(content: dict[str, Any], execution_count: int) -> Message:
    return Message("execute_result", content | {"execution_count": execution_count})


def _bundle(event: Rich) -> dict[str, Any]:
    return _content(event.data, event.metadata_json, event.display_id)


def _content(data: dict[str, str], metadata_json: str, display_id: str) -> dict[str, Any]:
    """Convert a MIME bundle: the API has JSON as text, Jupyter as an object."""
    values: dict[str, Any] = {}
    for kind, text in data.items():
        value = _parsed(text) if _is_json(kind) else text
        if value is not None:
            values[kind] = value
    metadata = _parsed(metadata_json)
    return {
        "data": values,
        "metadata": metadata if isinstance(metadata, dict) else {},
        "transient": {"display_id": display_id} if display_id else {},
    }


def _parsed(text: str) -> Any:  # noqa: ANN401 - JSON is anything
    """Parse JSON of a sandbox; None if it is invalid or too deep for readers of messages."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if _is_within(value, MAX_JSON_DEPTH) else None


def _is_within(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_is_within(item, levels - 1) for item in inner)


def _image_content(file: File, image_data: bytes) -> dict[str, str]:
    return {file.mime_type: base64.b64encode(image_data).decode()}


def _is_json(mime_type: str) -> bool:
    return mime_type == "application/json" or mime_type.endswith("+json")


def _note(text: str) -> Message:
    return stream("stderr", f"[{text}]\n")
