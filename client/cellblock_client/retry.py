"""When a call is made again: here, and nowhere else. See docs/guides/errors-and-retries.md."""

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
"""How long a call is repeated by default while a server that was there is away: it restarts."""
FIRST_RETRY_SECONDS = 5.0
"""Seconds for which calls of a new client are repeated before a server has answered: one that is
restarted is back by then, and a wrong address should be reported soon."""
ATTEMPTS = 5
"""Maximum number of calls to a server that says what it lacks: under two seconds."""
FIRST_WAIT = 0.1
LONGEST_WAIT = 1.0
TAKEN_OVER = "SESSION_NOT_READY"
"""The reason of a server that has just started, and has not found all sessions yet."""
STOPPING = "SERVER_STOPPING"
"""The reason of a server that stops: it has not begun a call that it refuses like this."""
STOPPED = "SERVER_STOPPED"
"""The reason of a server that has stopped before a call that it had begun was done."""
NOT_CONNECTED = ("failed to connect", "DNS resolution failed")
"""Beginnings of gRPC's details when no server was reached; all others come from one that was."""
RESTARTING = ("", TAKEN_OVER, STOPPING, STOPPED)
"""Reasons of errors, or none, while a server restarts."""

OVERLOAD = frozenset({"CALL_RATE", "TOO_MANY_CALLS_WITHOUT_KEY"})
"""Reasons of a server that gets too many calls for now, and has not begun with this one."""
MAY_PASS = (UnavailableError, DeadlineExceededError, ResourceExhaustedError)
"""Errors after which `Backoff` decides whether there is another attempt."""


def is_overload(error: Error) -> bool:
    """Whether the server got too many calls, and said when to come back.

    A repetition is safe then, whatever the call does.
    """
    return (
        isinstance(error, ResourceExhaustedError)
        and error.reason in OVERLOAD
        and error.retry_after is not None
    )


@dataclass
class Patience:
    """How long one client waits for its server; shared by all of its calls."""

    seconds: float = RETRY_SECONDS
    """For a server that was there; 0: no call is ever repeated."""
    met: bool = False
    """Whether a server was ever heard at this address, which is right then."""
    first_seconds: float = FIRST_RETRY_SECONDS
    """For a server that was never heard, if that is less."""

    @classmethod
    def of(cls, retry_for: float | None) -> "Patience":
        """Return what a caller asks for: one time for both, or None for the defaults."""
        return cls() if retry_for is None else cls(retry_for, first_seconds=retry_for)

    @property
    def limit(self) -> float:
        """Seconds that a server may be away."""
        return self.seconds if self.met else min(self.seconds, self.first_seconds)


class Deadline:
    """When all has to be done, of something that may take several calls."""

    def __init__(self, timeout: float | None) -> None:
        """`timeout` seconds from now; None: never."""
        self._end = None if timeout is None else time.monotonic() + timeout

    def left(self) -> float | None:
        """Seconds until then, at least 0; None if there is no bound."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())


class Backoff:
    """Decides how long to wait before the next attempt, within one deadline."""

    def __init__(self, timeout: float | None, patience: Patience) -> None:
        """Give up `timeout` seconds from now, if one is given, or when `patience` ends."""
        self._deadline = Deadline(timeout)
        self._patience = patience
        self._attempts = 0
        self._since = time.monotonic()
        """When it was first tried, or something last moved."""
        self._away_since: float | None = None
        self._first: UnavailableError | None = None
        self._repeated = False

    @property
    def repeated(self) -> bool:
        """Whether an earlier attempt may have been heard, and only its answer was lost."""
        return self._repeated

    def left(self) -> float | None:
        """Seconds to the deadline; None if there is none."""
        return self._deadline.left()

    def wait_after(self, error: Error) -> float:
        """Seconds to wait; raises `error` if there is to be no further attempt."""
        if isinstance(error, DeadlineExceededError) and self._first is not None:
            # The time ran out in a repetition: what made it necessary tells more.
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
        # Bounded: two to a power of a thousand is no number of seconds.
        wait = min(FIRST_WAIT * 2.0 ** min(self._attempts - 1, 10), LONGEST_WAIT)
        if error.retry_after is not None:
            wait = min(max(wait, error.retry_after.total_seconds()), LONGEST_WAIT)
        # Many clients of one server must not come back in step.
        wait *= random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        if overload and error.retry_after is not None:
            wait = max(wait, error.retry_after.total_seconds())
        left = self.left()
        if left is not None and wait >= left:
            raise error
        return wait

    def met(self) -> None:
        """The server was heard, or has taken what was sent: it is there."""
        self._patience.met = True

    def progress(self) -> None:
        """Something was moved: what follows is counted anew."""
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
            # An answer that took long is likely to take as long again.
            return self._attempts < ATTEMPTS and now - self._since < self._patience.seconds
        if self._away_since is None:
            self._away_since = now
        return now - self._away_since < self._patience.limit


def is_refused_unheard(error: Error) -> bool:
    """Whether the server refused a call before it looked at it: to repeat it is always safe.

    Not for streams: they end with the same reason in the middle.
    """
    return error.reason == STOPPING
