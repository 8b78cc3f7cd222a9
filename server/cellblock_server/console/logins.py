"""Who is logged in. What a browser keeps is no key, but a word that stands for one here."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from secrets import compare_digest, token_hex, token_urlsafe

from cellblock_server.console.failures import RefusedError

MAX_LOGINS = 1000
"""Past it, the one that was not used for longest ends."""
MAX_STREAMS = 12
"""Of one login at once: logs that are followed, uploads, downloads."""


@dataclass(eq=False)
class Login:
    """A browser that may call."""

    key: str
    """What it calls with; empty where no key is needed."""
    last_use: float
    tasks: set["asyncio.Task[object]"] = field(default_factory=set)
    """Its streams: they end with it."""

    def __repr__(self) -> str:
        """Without the key."""
        return f"Login({len(self.tasks)} streams)"


class Logins:
    """Those that are there, by the word that their cookie has."""

    def __init__(
        self, timeout: timedelta, *, with_token: bool, now: Callable[[], float] = time.monotonic
    ) -> None:
        """End them after `timeout` without use. Make a token if no key is needed to log in."""
        self._timeout = timeout.total_seconds()
        self._now = now
        self._logins: dict[str, Login] = {}
        self.token = token_urlsafe(32) if with_token else ""
        """Logs in whoever has it, until the server stops; empty if nobody can without a key."""
        # Browsers send cookies to all ports of a host: another console there has another name.
        self.cookie = f"cellblock-{token_hex(4)}"

    def is_token(self, text: str) -> bool:
        """Whether this is the token of this start."""
        return bool(self.token) and compare_digest(text.encode(), self.token.encode())

    def begin(self, key: str) -> str:
        """Log somebody in; the cookie's value."""
        self._forget_old()
        if len(self._logins) >= MAX_LOGINS:
            self.end(min(self._logins, key=lambda word: self._logins[word].last_use))
        word = token_urlsafe(32)
        self._logins[word] = Login(key, self._now())
        return word

    def find(self, word: str) -> Login:
        """The login that a cookie stands for. Raises RefusedError."""
        self._forget_old()
        login = self._logins.get(word)
        if login is None:
            raise RefusedError(401, "LOGIN_NEEDED", "not logged in, or no more")
        login.last_use = self._now()
        return login

    def end(self, word: str) -> None:
        """Log somebody out, and end what they have open."""
        if (login := self._logins.pop(word, None)) is not None:
            for task in login.tasks:
                task.cancel()

    def end_all(self) -> None:
        """Log everybody out."""
        for word in list(self._logins):
            self.end(word)

    def _forget_old(self) -> None:
        oldest = self._now() - self._timeout
        for word, login in list(self._logins.items()):
            # Who has a stream open looks at it.
            if login.last_use < oldest and not login.tasks:
                self.end(word)


@contextmanager
def open_stream(login: Login) -> Iterator[None]:
    """A block of the current task that is one of a login's streams. Raises RefusedError."""
    if len(login.tasks) >= MAX_STREAMS:
        raise RefusedError(429, "TOO_MANY_STREAMS", f"{MAX_STREAMS} streams of this login are open")
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a stream is a task's")
    login.tasks.add(task)
    try:
        yield
    finally:
        login.tasks.discard(task)
