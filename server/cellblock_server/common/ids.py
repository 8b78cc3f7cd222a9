"""Ids: a prefix that names the type, and enough randomness to be unique."""

import re
import secrets
import string

from cellblock_server.common.errors import InvalidArgumentError

ALPHABET = string.ascii_letters + string.digits
LENGTH = 24  # 142 bits

CHOSEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


def new_id(prefix: str) -> str:
    """Generate an id, such as `sess_…` for the prefix `sess_`."""
    rest = secrets.randbelow(len(ALPHABET) ** LENGTH)
    letters = []
    for _ in range(LENGTH):
        rest, letter = divmod(rest, len(ALPHABET))
        letters.append(ALPHABET[letter])
    return prefix + "".join(letters)


def check_id(field: str, value: str, prefix: str) -> str:
    """Return an id that a caller chose. Raises InvalidArgumentError that names `field`."""
    if not value.startswith(prefix) or not CHOSEN.fullmatch(value.removeprefix(prefix)):
        raise InvalidArgumentError(
            field,
            f"must be {prefix!r} and 1 to 64 letters, digits, '_' or '-', got {value[:80]!r}",
        )
    return value
