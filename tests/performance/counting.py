"""Counts of what a server does: they are the same on a busy machine, as times are not."""

import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any
from unittest.mock import patch

import aiohttp
import sqlalchemy
from sqlalchemy import event


@dataclass
class Counts:
    """So many of each."""

    python_calls: int = 0
    """Calls of Python functions, in the thread that counts and those that it has started."""
    statements: int = 0
    """SQL statements."""
    engine_calls: int = 0

    def since(self, before: "Counts") -> "Counts":
        """Return the difference."""
        return Counts(
            self.python_calls - before.python_calls,
            self.statements - before.statements,
            self.engine_calls - before.engine_calls,
        )


@contextmanager
def counting() -> Iterator[Counts]:
    """Count within this block."""
    counts = Counts()
    with ExitStack() as stack:
        for part in (_python_calls, _statements, _engine_calls):
            stack.enter_context(part(counts))
        yield counts


@contextmanager
def _python_calls(counts: Counts) -> Iterator[None]:
    def profile(_frame: FrameType, kind: str, _argument: Any) -> None:
        if kind == "call":
            counts.python_calls += 1

    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


@contextmanager
def _statements(counts: Counts) -> Iterator[None]:
    def count(*_what: object) -> None:
        counts.statements += 1

    event.listen(sqlalchemy.Engine, "before_cursor_execute", count)
    try:
        yield
    finally:
        event.remove(sqlalchemy.Engine, "before_cursor_execute", count)


@contextmanager
def _engine_calls(counts: Counts) -> Iterator[None]:
    request = aiohttp.ClientSession._request

    async def counted(session: aiohttp.ClientSession, *what: Any, **how: Any) -> Any:
        # Readiness asks for that every few seconds, also while a call is counted.
        counts.engine_calls += not str(what[1]).endswith("/version")
        return await request(session, *what, **how)

    with patch.object(aiohttp.ClientSession, "_request", counted):
        yield
