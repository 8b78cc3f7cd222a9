"""Plain text: no control characters, and none that reorder others."""

import unicodedata

from cellblock_server.common.errors import InvalidArgumentError

BIDIRECTIONAL = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
"""Marks, overrides and isolates: `gpj.exe` can be made to look like `exe.jpg`."""
CATEGORIES = ("Cc", "Cs", "Zl", "Zp")
"""Control characters, lone surrogates, line and paragraph separators."""
MAX_SHOWN = 80
"""Characters of a refused value that the message repeats, escaped."""


def is_trick(sign: str) -> bool:
    """Return whether a character could mislead a terminal or a reader."""
    return unicodedata.category(sign) in CATEGORIES or sign in BIDIRECTIONAL


def check_plain(field: str, value: str) -> None:
    """Raise InvalidArgumentError that names `field` for a value that is not plain text."""
    bad = next((sign for sign in value if is_trick(sign)), None)
    if bad is not None:
        raise InvalidArgumentError(
            field,
            "must not contain control, line-separator or bidirectional characters, "
            f"got U+{ord(bad):04X} in {value[:MAX_SHOWN]!r}",
        )
