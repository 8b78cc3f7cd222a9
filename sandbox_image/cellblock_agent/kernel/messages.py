"""What a kernel sends in place of a message that its agent would refuse to read."""

from typing import Any

from jupyter_client.session import DELIM, Session

from cellblock_agent.kernel.message_bounds import MessageBounds

TEXT_CHARACTERS = 2**16
"""Of an exception's name, message and each line of its traceback."""
LINES = 200
"""The last lines of a traceback that are kept."""
MESSAGE_PARTS = 4
"""Header, parent, metadata and content; buffers may follow."""


def fit(session: Session | None, frames: list[Any], bounds: MessageBounds) -> list[Any]:
    """Return the frames of a message, or those of a smaller one that says what is missing."""
    if session is None or DELIM not in frames:
        return frames
    start = frames.index(DELIM)
    parts = frames[start + 2 :]
    problem = bounds.problem_of(parts)
    if not problem:
        return frames
    header, parent, metadata, content = (
        session.unpack(bytes(part)) for part in parts[:MESSAGE_PARTS]
    )
    kind = header["msg_type"]
    if content.get("status") == "error" or kind == "error":
        content = content | _cut_error(content)
    elif kind.endswith("_reply"):
        content = {name: content.get(name) for name in ("status", "execution_count")}
    else:
        text = f"[{kind}: left out, {problem}]\n"
        kind, content, metadata = "stream", {"name": "stderr", "text": text}, {}
    message = session.msg(kind, content, parent={"header": parent}, metadata=metadata)
    return list(session.serialize(message, ident=frames[:start]))


def _cut_error(content: dict[str, Any]) -> dict[str, Any]:
    return {
        "ename": str(content.get("ename"))[:TEXT_CHARACTERS],
        "evalue": str(content.get("evalue"))[:TEXT_CHARACTERS],
        "traceback": [line[:TEXT_CHARACTERS] for line in content.get("traceback", [])[-LINES:]],
    }
