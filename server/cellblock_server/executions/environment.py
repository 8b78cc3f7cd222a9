"""Environment variables that a caller may set in a sandbox."""

import hashlib
import json
import re

from cellblock_server.common.errors import InvalidArgumentError, OutOfRangeError

MAX_VARIABLES = 64
MAX_VALUE_BYTES = 32 * 1024
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
RESERVED = re.compile(r"HOME|PATH|PYTHONHOME|LD_.*")


def check_environment(environment: dict[str, str]) -> None:
    """Raise InvalidArgumentError or OutOfRangeError for the first bad variable."""
    if len(environment) > MAX_VARIABLES:
        raise OutOfRangeError(
            "environment", f"must be at most {MAX_VARIABLES} variables, got {len(environment)}"
        )
    for name, value in environment.items():
        where = f"environment[{name[:80]!r}]"
        if not NAME.fullmatch(name):
            raise InvalidArgumentError(
                where, "a name is letters, digits and '_', at most 128, no digit first"
            )
        if RESERVED.fullmatch(name):
            raise InvalidArgumentError(where, "is reserved for the sandbox")
        if "\0" in value or len(value.encode()) > MAX_VALUE_BYTES:
            raise OutOfRangeError(where, f"must be at most {MAX_VALUE_BYTES} bytes, without NUL")


def environment_hash(environment: dict[str, str]) -> str:
    """Return a hash that identifies the variables without showing values; empty for none."""
    if not environment:
        return ""
    return hashlib.sha256(json.dumps(environment, sort_keys=True).encode()).hexdigest()
