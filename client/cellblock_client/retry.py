"""Retry rules for all calls. See docs/guides/errors-and-retries.md."""

import random
import time
from dataclasses import dataclass

from cellblock_client.errors import (
    DeadlineExceededError,
    Error,
    ResourceExhaustedError,
    UnavailableError,
)

RETRY_SECONDS = 30.0
"""Default seconds for which calls are retried while a known server is away to restart."""
FIRST_RETRY_SECONDS = 5.0
"""Default seconds for which calls are retried before a new client has reached a server.

A restarting server is back by then, and a wrong address should be reported soon.
"""
ATTEMPTS = 5
"""Maximum number of calls to a server that reports a missing dependency: under two seconds."""
FIRST_WAIT = 0.1
LONGEST_WAIT = 1.0
TAKEN_OVER = "SESSION_NOT_READY"
"""Reason of a server that has just started, and has not recovered all sessions yet."""
STOPPING = "SERVER_STOPPING"
"""Reason of a server that is stopping: it has not begun a call that it refuses with this."""
STOPPED = "SERVER_STOPPED"
"""Reason of a server that stopped before a call that it had begun was done."""
NOT_CONNECTED = ("failed to connect", "DNS resolution failed")
"""Beginnings of gRPC's details if no server was reached; all others come from a server."""
RESTARTING = ("", TAKEN_OVER, STOPPING, STOPPED)
"""Reasons of errors, or none, while a server restarts."""

OVERLOAD = frozenset({"CALL_RATE", "TOO_MANY_CALLS_WITHOUT_KEY"})
"""Reasons of a server that has too many calls, and has not begun this one."""
MAY_PASS = (UnavailableError, DeadlineExceededError, ResourceExhaustedError)
"""Errors after which `Backoff` decides whether there is another attempt."""


def is_overload(error: Error) -> bool:
    """Return whether the server had too many calls, and said when to retry.

    A retry is then safe for any call.
    """
    return (
        isinstance(error, ResourceExhaustedError)
        and error.reason in OVERLOAD
        and error.retry_after is not None
    )


@dataclass
class Patience:
    """Time that one client waits for its server; shared by all of its calls."""

    seconds: float = RETRY_SECONDS
    """Seconds to wait for a server that was reached before; 0: no call is ever retried."""
    met: bool = False
    """Whether a server was ever reached at this address, which is right then."""
    first_seconds: float = FIRST_RETRY_SECONDS
    """Seconds to wait for a server that was never reached, if that is less."""

    @classmethod
    def of(cls, retry_for: float | None) -> "Patience":
        """Return the patience that a caller requests: one time for both, or the defaults."""
        return cls() if retry_for is None else cls(retry_for, first_seconds=retry_for)

    @property
    def limit(self) -> float:
        """Seconds that a server may be away."""
        return self.seconds if self.met else min(self.seconds, self.first_seconds)


class Deadline:
    """Deadline of an operation that may take several calls."""

    def __init__(self, timeout: float | None) -> None:
        """Expire `timeout` seconds from now; None: never."""
        self._end = None if timeout is None else time.monotonic() + timeout

    def left(self) -> float | None:
        """Return the seconds left, at least 0; None if there is no deadline."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())


class Backoff:
    """Decides how long to wait before the next attempt, within one deadline."""

    def __init__(self, timeout: float | None, patience: Patience) -> None:
        """Give up `timeout` seconds from now, if one is given, or when `patience` ends."""
        self._deadline = Deadline(timeout)
        self._patience = patience
        self._attempts = 0
        self._since = time.monotonic()
        """Time of the first attempt, or of the last progress."""
        self._away_since: float | None = None
        self._first: UnavailableError | None = None
        self._repeated = False

    @property
    def repeated(self) -> bool:
        """Whether the server may have handled an attempt whose response was lost."""
        return self._repeated

    def left(self) -> float | None:
        """Return the seconds to the deadline; None if there is none."""
        return self._deadline.left()

    def wait_after(self, error: Error) -> float:
        """Return the seconds to wait; raises `error` if there is to be no further attempt."""
        if isinstance(error, DeadlineExceededError) and self._first is not None:
            # The time ran out in a retry: the error that caused it is more useful.
            raise self._first
        overload = is_overload(error)
        if not isinstance(error, UnavailableError) and not overload:
            raise error
        if isinstance(error, UnavailableError):
            self._first = self._first or error
            self._repeated |= not is_refused_unheard(error)
        self._attempts += 1
        if not self._may_repeat(error):
            raise error
        # Bounded: two to the power of a thousand overflows a float.
        wait = min(FIRST_WAIT * 2.0 ** min(self._attempts - 1, 10), LONGEST_WAIT)
        if error.retry_after is not None:
            wait = min(max(wait, error.retry_after.total_seconds()), LONGEST_WAIT)
        # Spread the retries of many clients of one server.
        wait *= random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        if overload and error.retry_after is not None:
            wait = max(wait, error.retry_after.total_seconds())
        left = self.left()
        if left is not None and wait >= left:
            raise error
        return wait

    def met(self) -> None:
        """Record that the server responded or received data: the address is right."""
        self._patience.met = True

    def progress(self) -> None:
        """Record progress: attempts are counted from zero again."""
        self.met()
        self._attempts = 0
        self._since = time.monotonic()
        self._away_since = None
        self._first = None
        self._repeated = False

    def _may_repeat(self, error: Error) -> bool:
        if not self._patience.seconds:
            return False
        now = time.monotonic()
        if error.reason or not error.message.startswith(NOT_CONNECTED):
            self.met()
        if error.reason not in RESTARTING:
            self._away_since = None
            # A response that took long is likely to take as long again.
            return self._attempts < ATTEMPTS and now - self._since < self._patience.seconds
        if self._away_since is None:
            self._away_since = now
        return now - self._away_since < self._patience.limit


def is_refused_unheard(error: Error) -> bool:
    """Return whether the server refused a call unprocessed, so that a retry is always safe.

    It does not hold for streams, which can end with the same reason in the middle.
    """
    return error.reason == STOPPING
