"""MIME types, from a file's content and name.

A name alone can be false (`chart.png` that is a program), and content alone is ambiguous (a `.docx`
is a ZIP archive, a `.csv` is any text).
"""

import mimetypes

import puremagic

BINARY = "application/octet-stream"
TEXT = "text/plain"
HEAD_BYTES = 4096
"""Number of bytes at the beginning of a file that are examined."""
SURE = 0.3
"""puremagic's confidence: a tenth for each byte of the signature. Two can be chance."""
# The host's own tables differ between machines.
TYPES = mimetypes.MimeTypes()
# As in the Assistants API's table of files, with some types that are common for data.
MORE_TYPES = {
    ".c": "text/x-c",
    ".cpp": "text/x-c++",
    ".cs": "text/x-csharp",
    ".doc": "application/msword",
    ".java": "text/x-java",
    ".js": "text/javascript",
    ".jsonl": "application/jsonl",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".php": "text/x-php",
    ".rb": "text/x-ruby",
    ".tex": "text/x-tex",
    ".toml": "application/toml",
    ".ts": "application/typescript",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".webp": "image/webp",
    ".yaml": "application/yaml",
}
for extension, mime_type in MORE_TYPES.items():
    TYPES.add_type(mime_type, extension)
ENCODED = {
    "gzip": "application/gzip",
    "bzip2": "application/x-bzip2",
    "xz": "application/x-xz",
    "compress": "application/x-compress",
    "br": "application/x-brotli",
}
"""Types of files with an encoding suffix such as `.gz`, for any content."""
SAME = {"application/x-gzip": "application/gzip", "application/x-bzip": "application/x-bzip2"}
"""Types that puremagic names differently, with their usual names."""
PLAINEST = ("application/zip", "application/pdf", "image/jpeg", "image/tiff", "application/xml")
"""Least specific type to choose when several types share a signature."""
RECOGNIZABLE = frozenset(match.mime_type for match in puremagic.main.magic_header_array)
"""Types whose files have a signature."""
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
TEXTUAL = frozenset(
    {
        "application/json",
        "application/jsonl",
        "application/toml",
        "application/typescript",
        "application/x-sh",
        "application/x-tex",
        "application/xml",
        "application/yaml",
        "image/svg+xml",
    }
)


def guess_type(filename: str, head: bytes) -> str:
    """Return the MIME type of a file called `filename` that begins with `head`."""
    by_name, encoding = TYPES.guess_type(filename)
    if encoding is not None:
        by_name = ENCODED.get(encoding, BINARY)
    if not head:
        return by_name or BINARY
    if _is_text(head):
        return by_name if by_name is not None and _is_textual(by_name) else _text_type(head)
    by_content = _signatures(head)
    if by_name in by_content:
        return by_name
    if by_content:
        return next((kind for kind in PLAINEST if kind in by_content), by_content[0])
    # No signature: trust the name, if its type has no signature and is not text.
    if by_name is None or by_name in RECOGNIZABLE or (_is_textual(by_name) and b"\0" in head):
        return BINARY
    return by_name


def _text_type(head: bytes) -> str:
    return next((kind for kind in _signatures(head) if _is_textual(kind)), TEXT)


def _signatures(head: bytes) -> list[str]:
    """Return the types whose signatures `head` has, the most certain first."""
    try:
        found = puremagic.magic_string(head)
    except puremagic.PureError:
        return []
    kinds = [SAME.get(match.mime_type, match.mime_type) for match in found]
    sure = [match.confidence >= SURE for match in found]
    return [kind for kind, counts in zip(kinds, sure, strict=True) if kind and counts]


def _is_textual(mime_type: str) -> bool:
    return mime_type.startswith("text/") or mime_type in TEXTUAL


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
