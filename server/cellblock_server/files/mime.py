"""MIME types, by name first and by content where the name says nothing."""

import mimetypes

BINARY = "application/octet-stream"
TEXT = "text/plain"
# The host's own tables differ from machine to machine.
TYPES = mimetypes.MimeTypes()
MORE_TYPES = {
    ".cs": "text/x-csharp",
    ".jsonl": "application/jsonl",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".php": "text/x-php",
    ".rb": "text/x-ruby",
    ".tex": "text/x-tex",
    ".ts": "application/typescript",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".webp": "image/webp",
}
for extension, mime_type in MORE_TYPES.items():
    TYPES.add_type(mime_type, extension)


def guess_type(filename: str, head: bytes) -> str:
    """The MIME type of a file called `filename` that begins with `head`."""
    by_name, encoding = TYPES.guess_type(filename)
    if encoding is not None:
        return f"application/{encoding}" if encoding != "bzip2" else "application/x-bzip2"
    if by_name is not None:
        return by_name
    return TEXT if head and _is_text(head) else BINARY


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # The head may end within a character.
        return error.start >= len(head) - 3
    return True
