"""A database that is away for a while: a bounded wait for it, and none behind one in vain."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import psycopg
from sqlalchemy.exc import DBAPIError

from cellblock_server.common.errors import UnavailableError
from cellblock_server.store.timings import StoreTimings

T = TypeVar("T")


TAKEN = "the store is not this server's"
"""What callers are told; who has it is for those who run the server."""


class HeldError(UnavailableError):
    """Another connection holds the database; it may be one of ours that is not known to be gone."""

    def __init__(self, message: str) -> None:
        """Say who holds it."""
        super().__init__("STORE_TAKEN", TAKEN, detail=message)


AwayError = DBAPIError | HeldError


def is_away(error: AwayError) -> bool:
    """Whether it is the connection that failed, and not what was asked for."""
    if isinstance(error, HeldError):
        return True
    # A connection that could not be made has no code.
    no_code = isinstance(error.orig, psycopg.OperationalError) and error.orig.sqlstate is None
    return error.connection_invalidated or no_code


def is_held(error: AwayError) -> bool:
    """Whether only another connection is in the way."""
    return isinstance(error, HeldError)


class Outage:
    """Whether the database is away, as all threads that use it know."""

    def __init__(self, timings: StoreTimings) -> None:
        """Begin with one that is there."""
        self._timings = timings
        self._closing = threading.Event()
        self._failure: AwayError | None = None
        """Of the last who waited in vain; None while the database is there."""
        self._failed_at = 0.0

    def outlasted(self, work: Callable[[], T], is_away: Callable[[AwayError], bool] = is_away) -> T:
        """What `work` returns, tried again while the database is away.

        Raises what it raised last, after `StoreTimings.away`.
        """
        failure = self._failure
        if failure is not None and time.monotonic() < self._failed_at + self._timings.known_away:
            # Without those who met it before.
            raise failure.with_traceback(None)
        end = time.monotonic() + (self._timings.away if failure is None else 0)
        while True:
            try:
                result = work()
            except (DBAPIError, HeldError) as error:
                if not is_away(error):
                    raise
                if time.monotonic() >= end or self._closing.is_set():
                    self._failure, self._failed_at = error, time.monotonic()
                    raise
            else:
                self._failure = None
                return result
            self._closing.wait(self._timings.retry)

    def close(self) -> None:
        """Have nobody wait any more."""
        self._closing.set()
