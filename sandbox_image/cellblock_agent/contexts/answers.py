"""Translation of a kernel's answers about code into the agent's messages: pure functions.

Source: jupyter_client's documentation, "Messaging in Jupyter"; the types of completions are
ipykernel's extension. User code can send messages in the kernel's name, so every field is checked.
"""

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_agent.kernel.connection import Message
from cellblock_agent.output.text import make_encodable, truncate_text

MAX_COMPLETIONS = 1000
MAX_CHARACTERS = 1000
"""Maximum length of one completion, and of an indentation."""
MAX_TYPE_CHARACTERS = 100
MAX_INSPECTION_BYTES = 2**20
MAX_REPRESENTATIONS = 10
TYPES = "_jupyter_types_experimental"
STATUSES = {
    "complete": pb.CODE_STATUS_COMPLETE,
    "incomplete": pb.CODE_STATUS_INCOMPLETE,
    "invalid": pb.CODE_STATUS_INVALID,
}


def completions_of(reply: Message, code: str, cursor_pos: int) -> pb.CompleteCodeResponse:
    """Return the completions for a position in `code`; none if the reply is malformed."""
    content = _content(reply)
    start, end = _place(content, "cursor_start", code), _place(content, "cursor_end", code)
    matches = content.get("matches")
    if start is None or end is None or not isinstance(matches, list):
        return pb.CompleteCodeResponse(cursor_start=cursor_pos, cursor_end=cursor_pos)
    found = pb.CompleteCodeResponse(cursor_start=min(start, end), cursor_end=max(start, end))
    types = _types(content, matches)
    for text in matches:
        if not isinstance(text, str) or len(text) > MAX_CHARACTERS:
            found.more = True
        elif len(found.completions) == MAX_COMPLETIONS:
            found.more = True
            break
        else:
            found.completions.add(text=make_encodable(text), type=types.get(text, ""))
    return found


def inspection_of(reply: Message) -> pb.InspectCodeResponse:
    """Return the kernel's description of a name: its textual representations, up to the limit."""
    content = _content(reply)
    if content.get("found") is not True:
        return pb.InspectCodeResponse()
    response = pb.InspectCodeResponse(found=True)
    data = content.get("data")
    left = MAX_INSPECTION_BYTES
    # Plain text first: every client can show it.
    items = sorted(data.items(), key=_is_not_plain) if isinstance(data, dict) else []
    for name, value in items:
        mime_type, text = make_encodable(name), make_encodable(value)
        if not mime_type.startswith("text/") or len(mime_type) > MAX_TYPE_CHARACTERS:
            continue
        if len(response.data) == MAX_REPRESENTATIONS:
            response.cut = True
            break
        response.data[mime_type] = truncate_text(text, left)
        response.cut = response.cut or response.data[mime_type] != text
        left -= len(response.data[mime_type].encode())
    return response


def completeness_of(reply: Message) -> pb.IsCodeCompleteResponse:
    """Return whether code is complete."""
    content = _content(reply)
    status = content.get("status")
    indent = content.get("indent")
    return pb.IsCodeCompleteResponse(
        status=STATUSES.get(status if isinstance(status, str) else "", pb.CODE_STATUS_UNKNOWN),
        indent=make_encodable(indent)[:MAX_CHARACTERS] if isinstance(indent, str) else "",
    )


def _content(message: Message) -> Message:
    content = message.get("content")
    return content if isinstance(content, dict) else {}


def _place(content: Message, name: str, code: str) -> int | None:
    value = content.get(name)
    return value if isinstance(value, int) and 0 <= value <= len(code) else None


def _is_not_plain(item: tuple[object, object]) -> bool:
    return item[0] != "text/plain"


def _types(content: Message, matches: list[object]) -> dict[str, str]:
    """Return the type of each completion, where the reply has it."""
    metadata = content.get("metadata")
    described = metadata.get(TYPES) if isinstance(metadata, dict) else None
    if not isinstance(described, list):
        return {}
    types = {}
    for item in described[: len(matches)]:
        text, kind = (item.get("text"), item.get("type")) if isinstance(item, dict) else (0, 0)
        if isinstance(text, str) and isinstance(kind, str) and kind != "<unknown>":
            types[text] = make_encodable(kind)[:MAX_TYPE_CHARACTERS]
    return types
