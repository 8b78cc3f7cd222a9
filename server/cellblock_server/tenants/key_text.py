"""What a key's bearer sends, `cb_<key id>_<256 random bits>`, and what is kept of it."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

from cellblock_server.common.errors import UnauthenticatedError
from cellblock_server.common.ids import ALPHABET

SECRET_LENGTH = 43
"""Letters and digits: 256 bits. A fast hash is enough for what can't be guessed."""
TEXT = re.compile(rf"cb_(key_[A-Za-z0-9]{{24}})_([A-Za-z0-9]{{{SECRET_LENGTH}}})")


@dataclass(frozen=True)
class KeyText:
    """A key as it is sent, in its parts."""

    key_id: str
    secret: str

    def __str__(self) -> str:
        """All of it."""
        return f"cb_{self.key_id}_{self.secret}"

    def __repr__(self) -> str:
        """Without the secret: this is what logs show."""
        return f"KeyText({self.key_id!r})"

    def hash(self, server_secret: bytes) -> str:
        """What is kept of it: an HMAC-SHA256, in hexadecimal."""
        return hmac.new(server_secret, str(self).encode(), hashlib.sha256).hexdigest()


def new_text(key_id: str) -> KeyText:
    """A fresh secret for a key."""
    return KeyText(key_id, "".join(secrets.choice(ALPHABET) for _ in range(SECRET_LENGTH)))


def read_text(text: str) -> KeyText:
    """A key as it was sent. Raises UnauthenticatedError, which does not repeat it."""
    found = TEXT.fullmatch(text)
    if found is None:
        raise UnauthenticatedError(
            "KEY_MALFORMED",
            "malformed API key: expected cb_<id>_<secret>",
        )
    return KeyText(*found.groups())
