"""Logins to the console. A browser stores a login cookie, not the API key."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from secrets import compare_digest, token_hex, token_urlsafe

from cellblock_server.console.failures import RefusedError

MAX_LOGINS = 1000
"""Maximum number of logins; over it, the one unused for longest ends."""
MAX_STREAMS = 12
"""Maximum of simultaneous streams of one login: followed logs, uploads, downloads."""


@dataclass(eq=False)
class Login:
    """Login of one browser."""

    key: str
    """API key of its calls; empty where no key is required."""
    last_use: float
    tasks: set["asyncio.Task[object]"] = field(default_factory=set)
    """Tasks of its streams, which end with the login."""

    def __repr__(self) -> str:
        """Return a text without the key."""
        return f"Login({len(self.tasks)} streams)"


class Logins:
    """All current logins, by their cookies' values."""

    def __init__(
        self, timeout: timedelta, *, with_token: bool, now: Callable[[], float] = time.monotonic
    ) -> None:
        """End logins after `timeout` without use. Make a token if no key is required to log in."""
        self._timeout = timeout.total_seconds()
        self._now = now
        self._logins: dict[str, Login] = {}
        self.token = token_urlsafe(32) if with_token else ""
        """Token for logins without a key, until the server stops; empty if keys are required."""
        # Browsers send cookies to all ports of a host: another console there has another cookie
        # name.
        self.cookie = f"cellblock-{token_hex(4)}"

    def is_token(self, text: str) -> bool:
        """Whether this is the token of this start."""
        return bool(self.token) and compare_digest(text.encode(), self.token.encode())

    def begin_login(self, key: str) -> str:
        """Begin a login; return the cookie's value."""
        self._forget_old()
        if len(self._logins) >= MAX_LOGINS:
            self.end_login(min(self._logins, key=lambda word: self._logins[word].last_use))
        word = token_urlsafe(32)
        self._logins[word] = Login(key, self._now())
        return word

    def find_login(self, word: str) -> Login:
        """Return the login of a cookie. Raises RefusedError."""
        self._forget_old()
        login = self._logins.get(word)
        if login is None:
            raise RefusedError(401, "LOGIN_NEEDED", "not logged in, or the login has ended")
        login.last_use = self._now()
        return login

    def end_login(self, word: str) -> None:
        """End a login and its streams."""
        if (login := self._logins.pop(word, None)) is not None:
            for task in login.tasks:
                task.cancel()

    def end_all(self) -> None:
        """End all logins."""
        for word in list(self._logins):
            self.end_login(word)

    def _forget_old(self) -> None:
        oldest = self._now() - self._timeout
        for word, login in list(self._logins.items()):
            # A login with an open stream is in use.
            if login.last_use < oldest and not login.tasks:
                self.end_login(word)


@contextmanager
def open_stream(login: Login) -> Iterator[None]:
    """Count the current task as a stream of a login within the block. Raises RefusedError."""
    if len(login.tasks) >= MAX_STREAMS:
        raise RefusedError(429, "TOO_MANY_STREAMS", f"{MAX_STREAMS} streams of this login are open")
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a stream needs a task")
    login.tasks.add(task)
    try:
        yield
    finally:
        login.tasks.discard(task)
