"""Bounded wait for a database that is unavailable; callers behind a failed wait fail early."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import psycopg
from sqlalchemy.exc import DBAPIError

from cellblock_server.common.errors import UnavailableError
from cellblock_server.store.timings import StoreTimings

T = TypeVar("T")


TAKEN = "the store is in use by another server"
"""Message to callers; the log names the owner, for operators."""


class HeldError(UnavailableError):
    """Another connection holds the lock; it may be this server's own earlier one."""

    def __init__(self, message: str) -> None:
        """Store which connection holds the lock."""
        super().__init__("STORE_TAKEN", TAKEN, detail=message)


AwayError = DBAPIError | HeldError


def is_away(error: AwayError) -> bool:
    """Whether the connection failed, rather than the statement."""
    if isinstance(error, HeldError):
        return True
    # An error from a failed connection attempt has no code.
    no_code = isinstance(error.orig, psycopg.OperationalError) and error.orig.sqlstate is None
    return error.connection_invalidated or no_code


def is_held(error: AwayError) -> bool:
    """Whether only another connection's lock is in the way."""
    return isinstance(error, HeldError)


class Outage:
    """State of the database's availability, shared by all threads that use it."""

    def __init__(self, timings: StoreTimings) -> None:
        """Begin with an available database."""
        self._timings = timings
        self._closing = threading.Event()
        self._failure: AwayError | None = None
        """Failure of the last wait that timed out; None while the database is available."""
        self._failed_at = 0.0

    def outlasted(self, work: Callable[[], T], is_away: Callable[[AwayError], bool] = is_away) -> T:
        """Return the result of `work`, retried while the database is unavailable.

        After `StoreTimings.away` seconds, raises the last error.
        """
        failure = self._failure
        if failure is not None and time.monotonic() < self._failed_at + self._timings.known_away:
            # Not counting the callers that met the outage earlier.
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
        """End all waits for the database."""
        self._closing.set()
