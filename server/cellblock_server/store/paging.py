"""Page tokens: opaque strings that say where a listing continues."""

import base64
import json
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_

from cellblock_server.common.errors import InvalidArgumentError, OutOfRangeError

DEFAULT_PAGE = 20
MAX_PAGE = 100


def page_size(requested: int) -> int:
    """Return the size of a page. Raises OutOfRangeError for `page_size` outside 0 to 100."""
    if not 0 <= requested <= MAX_PAGE:
        raise OutOfRangeError(
            "page_size", f"must be 1 to {MAX_PAGE}, or 0 for {DEFAULT_PAGE}, got {requested}"
        )
    return requested or DEFAULT_PAGE


def token_after(*key: str | int | datetime) -> str:
    """Return the token for the page that begins after the row with this sort key."""
    plain = [part.isoformat() if isinstance(part, datetime) else part for part in key]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def time_and_id(token: str) -> tuple[datetime, str] | None:
    """Return the sort key in a token of a listing by time and id; None for the first page."""
    key = _decode(token)
    if key is None:
        return None
    match key:
        case [str(time), str(name)]:
            try:
                return datetime.fromisoformat(time), name
            except ValueError as error:
                raise _bad_token() from error
    raise _bad_token()


def path(token: str) -> str:
    """Return the path in a token of a listing by path; empty for the first page."""
    key = _decode(token)
    if key is None:
        return ""
    match key:
        case [str(name)]:
            return name
    raise _bad_token()


def older_than(
    time: ColumnElement[datetime], name: ColumnElement[str], key: tuple[datetime, str]
) -> ColumnElement[bool]:
    """Return the condition of a page that continues after `key`, in a listing newest first."""
    return or_(time < key[0], and_(time == key[0], name < key[1]))


def newer_than(
    time: ColumnElement[datetime], name: ColumnElement[str], key: tuple[datetime, str]
) -> ColumnElement[bool]:
    """Return the condition of a page that continues after `key`, in a listing oldest first."""
    return or_(time > key[0], and_(time == key[0], name > key[1]))


def ordinal(token: str) -> int:
    """Return the sort key in a token of a listing by number; 0 for the first page."""
    key = _decode(token)
    if key is None:
        return 0
    match key:
        case [int(number)]:
            return number
    raise _bad_token()


def _decode(token: str) -> object | None:
    if not token:
        return None
    try:
        padded = token + "=" * (-len(token) % 4)
        decoded: object = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
    except ValueError as error:
        raise _bad_token() from error
    return decoded


def _bad_token() -> InvalidArgumentError:
    return InvalidArgumentError("page_token", "must be a token that this listing returned")
