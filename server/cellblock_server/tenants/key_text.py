"""Text of API keys, `cb_<key id>_<256 random bits>`, and the hash of it that is stored."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

from cellblock_server.common.errors import UnauthenticatedError
from cellblock_server.common.ids import ALPHABET

SECRET_LENGTH = 43
"""Letters and digits of a secret: 256 bits. It can't be guessed, so a fast hash is enough."""
TEXT = re.compile(rf"cb_(key_[A-Za-z0-9]{{24}})_([A-Za-z0-9]{{{SECRET_LENGTH}}})")


@dataclass(frozen=True)
class KeyText:
    """The parts of an API key as it is sent."""

    key_id: str
    secret: str

    def __str__(self) -> str:
        """Return the whole key, with its secret."""
        return f"cb_{self.key_id}_{self.secret}"

    def __repr__(self) -> str:
        """Return the key without its secret, for logs."""
        return f"KeyText({self.key_id!r})"

    def hash(self, server_secret: bytes) -> str:
        """Return the stored hash: an HMAC-SHA256 in hexadecimal."""
        return hmac.new(server_secret, str(self).encode(), hashlib.sha256).hexdigest()


def new_text(key_id: str) -> KeyText:
    """Generate a secret for an API key."""
    return KeyText(key_id, "".join(secrets.choice(ALPHABET) for _ in range(SECRET_LENGTH)))


def read_text(text: str) -> KeyText:
    """Parse a key as it was sent. Raises UnauthenticatedError, which doesn't repeat the key."""
    found = TEXT.fullmatch(text)
    if found is None:
        raise UnauthenticatedError(
            "KEY_MALFORMED",
            "malformed API key: expected cb_<id>_<secret>",
        )
    return KeyText(*found.groups())
