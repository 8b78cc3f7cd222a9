"""Translation of database failures into our errors, without any stored values."""

import sqlite3

from sqlalchemy.exc import DatabaseError

from cellblock_server.common.errors import UnavailableError

PRIMARY = 0xFF
"""Mask of the primary code in a result code. Source: https://www.sqlite.org/rescode.html"""
FULL = (sqlite3.SQLITE_FULL,)
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def store_error(error: DatabaseError) -> UnavailableError:
    """Return the error that callers get for a database failure."""
    code, words = code_of(error.orig), str(error.orig)
    if code in DAMAGED:
        return damaged(words)
    reason = "STORE_FULL" if code in FULL else "STORE_FAILED"
    return UnavailableError(reason, "the store failed", detail=words)


def damaged(words: str) -> UnavailableError:
    """Return the error for a damaged database that reported `words`."""
    return UnavailableError(
        "STORE_DAMAGED",
        "the store is damaged, and nothing more is stored",
        detail=f"{words}; stop the server, restore a copy",
    )


def code_of(error: BaseException | None) -> int:
    """Return SQLite's primary result code; 0 if the error is not SQLite's."""
    return getattr(error, "sqlite_errorcode", 0) & PRIMARY
