"""When a call is made again: here, and nowhere else."""

import random
import time

from cellblock_client.errors import DeadlineExceededError, Error, UnavailableError

ATTEMPTS = 5
PATIENT_ATTEMPTS = 20
"""While bytes are on their way: about as many seconds, in which a server can start again."""
FIRST_WAIT = 0.1
LONGEST_WAIT = 2.0


class Backoff:
    """Decides how long to wait before the next attempt, within one deadline."""

    def __init__(self, timeout: float | None) -> None:
        """Give up `timeout` seconds from now, if one is given."""
        self._end = None if timeout is None else time.monotonic() + timeout
        self._most = ATTEMPTS
        self._attempts = 0
        self._first: UnavailableError | None = None

    def left(self) -> float | None:
        """Seconds to the deadline; None if there is none."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())

    def wait_after(self, error: Error) -> float:
        """Seconds to wait; raises `error` if there is to be no further attempt."""
        if isinstance(error, DeadlineExceededError) and self._first is not None:
            # The time ran out in a repetition: what made it necessary tells more.
            raise self._first
        if not isinstance(error, UnavailableError):
            raise error
        self._first = self._first or error
        self._attempts += 1
        if self._attempts >= self._most:
            raise error
        wait = min(FIRST_WAIT * 2.0 ** (self._attempts - 1), LONGEST_WAIT)
        if error.retry_after is not None:
            wait = min(max(wait, error.retry_after.total_seconds()), LONGEST_WAIT)
        # Many clients of one server must not come back in step.
        wait *= random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        left = self.left()
        if left is not None and wait >= left:
            raise error
        return wait

    def progress(self) -> None:
        """Something arrived: count attempts anew."""
        self._attempts = 0
        self._first = None

    def under_way(self) -> None:
        """Bytes have been moved: be patient, so that they need not be moved again."""
        self._most = PATIENT_ATTEMPTS
