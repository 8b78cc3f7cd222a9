"""File names: rules for callers' names, and conversion of sandboxes' names."""

from cellblock_server.common.errors import InvalidArgumentError
from cellblock_server.common.plain_text import is_trick

MAX_BYTES = 255
"""Maximum length of a name in UTF-8, as in file systems."""
FALLBACK = "file"
MAX_TEXT = 500
"""Characters of a reason that a sandbox gives."""


def check_filename(field: str, name: str) -> str:
    """Return the name if it is valid. Raises InvalidArgumentError that names `field`."""
    size = len(name.encode(errors="surrogatepass"))
    if not 1 <= size <= MAX_BYTES:
        raise InvalidArgumentError(field, f"must be 1 to {MAX_BYTES} bytes of UTF-8, got {size}")
    if name in (".", ".."):
        raise InvalidArgumentError(field, f"{name!r} is a folder's name")
    for sign in name:
        if _is_bad(sign):
            raise InvalidArgumentError(field, f"must not contain {sign!r}, got {name[:80]!r}")
    return name


def safe_name(name: str) -> str:
    """Return a sandbox's name, changed as little as makes it pass `check_filename`."""
    clean = "".join("_" if _is_bad(sign) else sign for sign in name)
    clean = clean.encode(errors="replace")[:MAX_BYTES].decode(errors="ignore")
    return FALLBACK if clean in ("", ".", "..") else clean


def _is_bad(sign: str) -> bool:
    return sign in "/\\" or is_trick(sign)


def safe_text(text: str) -> str:
    """Return text from a sandbox, without characters that could deceive a terminal or a reader."""
    return "".join("_" if is_trick(sign) else sign for sign in text[:MAX_TEXT])
