"""What a database says when it fails, as an error of ours, without any values."""

import sqlite3

from sqlalchemy.exc import DatabaseError

from cellblock_server.common.errors import UnavailableError

PRIMARY = 0xFF
"""Of a result code: what is above it tells more. Source: https://www.sqlite.org/rescode.html"""
FULL = (sqlite3.SQLITE_FULL,)
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def told(error: DatabaseError) -> UnavailableError:
    """A failure as callers are told of it."""
    code, words = code_of(error.orig), str(error.orig)
    if code in DAMAGED:
        return damaged(words)
    reason = "STORE_FULL" if code in FULL else "STORE_FAILED"
    return UnavailableError(reason, "the store failed", detail=words)


def damaged(words: str) -> UnavailableError:
    """The failure of a damaged database, which said `words`."""
    return UnavailableError(
        "STORE_DAMAGED",
        "the store is damaged, and nothing more is stored",
        detail=f"{words}; stop the server, restore a copy",
    )


def code_of(error: BaseException | None) -> int:
    """SQLite's primary result code; 0 if it is not SQLite that says it."""
    return getattr(error, "sqlite_errorcode", 0) & PRIMARY
