"""Replacement of kernel messages that the agent would refuse to read."""

from typing import Any

from jupyter_client.session import DELIM, Session

from cellblock_agent.kernel.message_bounds import MessageBounds
from cellblock_agent.output import exception_text

SHORT_BYTES = 2**12
"""Maximum bytes of an exception's name, message and traceback if the message is still too large."""
MESSAGE_PARTS = 4
"""Number of parts: header, parent, metadata and content; buffers may follow."""


def fit_message(session: Session | None, frames: list[Any], bounds: MessageBounds) -> list[Any]:
    """Return the frames of a message, or of a smaller one that says what is missing."""
    if session is None or DELIM not in frames:
        return frames
    start = frames.index(DELIM)
    parts = frames[start + 2 :]
    problem = bounds.problem_of(frames)
    if not problem:
        return frames
    header, parent, metadata, content = (
        session.unpack(bytes(part)) for part in parts[:MESSAGE_PARTS]
    )
    kind = header["msg_type"]
    is_error = content.get("status") == "error" or kind == "error"
    if is_error:
        content = content | _cut_error(content, exception_text.MAX_BYTES)
    elif kind.endswith("_reply"):
        content = {name: content.get(name) for name in ("status", "execution_count")}
    else:
        text = f"[{kind}: left out, {problem}]\n"
        kind, content, metadata = "stream", {"name": "stderr", "text": text}, {}
    message = session.msg(kind, content, parent={"header": parent}, metadata=metadata)
    fitting = list(session.serialize(message, ident=frames[:start]))
    if is_error and bounds.problem_of(fitting):
        # The sandbox has little memory.
        message["content"] = content | _cut_error(content, SHORT_BYTES)
        fitting = list(session.serialize(message, ident=frames[:start]))
    return fitting


def _cut_error(content: dict[str, Any], most: int) -> dict[str, Any]:
    cut = exception_text.cut_exception(
        str(content.get("ename")), str(content.get("evalue")), content.get("traceback", []), most
    )
    return {"ename": cut.name, "evalue": cut.value, "traceback": cut.traceback}
