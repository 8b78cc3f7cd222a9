"""MIME types, from a file's content and name.

A name alone can be false (`chart.png` that is a program), and content alone is ambiguous (a `.docx`
is a ZIP archive, a `.csv` is any text). So the content decides what a file can be, and the name
which of that it is.
"""

import puremagic

from cellblock_server.files.media_types import BINARY_ALTERNATIVES, extension_of, type_of_name
from cellblock_server.files.signatures import has_signature, type_of_content

BINARY = "application/octet-stream"
TEXT = "text/plain"
HEAD_BYTES = 4096
"""Number of bytes at the beginning of a file that are examined."""
SURE = 0.3
"""puremagic's confidence: a tenth for each byte of the signature. Two can be chance."""
RECOGNIZABLE = frozenset(match.mime_type for match in puremagic.main.magic_header_array)
"""Types whose files have a signature that puremagic knows."""
USUAL = {"image/x-icon": "image/vnd.microsoft.icon", "audio/x-wav": "audio/vnd.wave"}
"""Types that puremagic names differently, with their usual names."""
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
TEXTUAL = frozenset(
    {
        "application/json",
        "application/json5",
        "application/jsonl",
        "application/mbox",
        "application/postscript",
        "application/rtf",
        "application/sql",
        "application/toml",
        "application/typescript",
        "application/x-bat",
        "application/x-ndjson",
        "application/x-sh",
        "application/x-subrip",
        "application/x-tex",
        "application/xml",
        "application/yaml",
        "image/vnd.dxf",
        "message/rfc822",
        "model/obj",
        "model/ply",
        "model/stl",
        "multipart/related",
    }
)
"""Types of text besides `text/…`, `…+json` and `…+xml`."""
DECLARED_IN_TEXT = frozenset({"application/pdf", "application/postscript", "application/rtf"})
"""Types that a file of pure text can have in spite of its name."""


def guess_type(filename: str, head: bytes) -> str:
    """Return the MIME type of a file called `filename` that begins with `head`."""
    by_name = type_of_name(filename)
    if not head:
        return by_name or BINARY
    if _is_text(head):
        return by_name if by_name is not None and _is_textual(by_name) else _text_type(head)
    by_name = BINARY_ALTERNATIVES.get(extension_of(filename), by_name)
    by_content = type_of_content(head, by_name)
    if by_content is not None:
        return by_content
    known = _signatures(head)
    if known:
        return by_name if by_name in known else known[0]
    # No signature: trust the name, if its type has no signature and is not text.
    if by_name is None or _must_match(by_name) or (_is_textual(by_name) and b"\0" in head):
        return BINARY
    return by_name


def _must_match(mime_type: str) -> bool:
    return has_signature(mime_type) or mime_type in RECOGNIZABLE


def _text_type(head: bytes) -> str:
    by_content = type_of_content(head, None)
    if by_content in DECLARED_IN_TEXT:
        return by_content
    return next((kind for kind in _signatures(head) if _is_textual(kind)), TEXT)


def _signatures(head: bytes) -> list[str]:
    """Return the types that puremagic finds in `head`, the most certain first."""
    try:
        found = puremagic.magic_string(head)
    except puremagic.PureError:
        return []
    sure = [match.mime_type for match in found if match.mime_type and match.confidence >= SURE]
    return [USUAL.get(kind, kind) for kind in sure]


def _is_textual(mime_type: str) -> bool:
    return (
        mime_type.startswith("text/")
        or mime_type.endswith(("+json", "+xml"))
        or (mime_type in TEXTUAL)
    )


def _is_text(head: bytes) -> bool:
    if head.startswith(UTF_16):
        return True
    if b"\0" in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # The head may end within a character.
        return error.start >= len(head) - 3
    return True
