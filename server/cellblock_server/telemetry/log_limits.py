"""Limits on the log: sandboxes and unauthenticated callers can cause lines at any rate."""

import asyncio
import logging
import threading
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import structlog
from structlog.typing import EventDict, WrappedLogger

LEFT_OUT = "log_lines_left_out"
"""Event that reports how many lines of which kind were not written."""
BOUNDED_ELSEWHERE = frozenset(
    {"audit_entry_lost", "execution_ended", "session_created", "session_ended", LEFT_OUT}
)
"""Events that need an authenticated call or an audit entry each, which are bounded."""
UNKNOWN_CALLER = "UNAUTHENTICATED"
SUBJECTS = ("session_id", "sandbox_id", "tenant")
"""Fields that identify the cause of a line: the first one present is used."""

Kind = tuple[str, str]
"""Name and subject of an event."""


@dataclass(frozen=True)
class LogLimits:
    """Limits on lines in a time window."""

    lines: int = 100
    """Lines of one event and subject (session, sandbox or tenant)."""
    lines_of_all: int = 500
    """Lines of one event, whatever their subjects."""
    window: float = 10.0
    """Length of the window in seconds."""
    characters: int = 2000
    """Longest text of one field, except for tracebacks."""
    named: int = 20
    """Kinds of omitted lines that are listed; the others are counted together."""


DEFAULT_LIMITS = LogLimits()


class LineLimiter:
    """Omits lines over the limits, and reports how many. For structlog and for libraries."""

    def __init__(
        self, limits: LogLimits = DEFAULT_LIMITS, now: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin with an empty window; `now` returns seconds."""
        self._limits = limits
        self._now = now
        self._lock = threading.Lock()
        self._begun = now()
        self._of_kind: Counter[Kind] = Counter()
        self._of_event: Counter[str] = Counter()
        self._left_out: Counter[Kind] = Counter()

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Return a line with its fields cut. Raises structlog.DropEvent for one over the limit."""
        for name, value in event.items():
            if isinstance(value, str) and len(value) > self._limits.characters:
                event[name] = cut(value, self._limits.characters)
        if is_limited(event) and not self._count_line(kind_of(event)):
            raise structlog.DropEvent
        return event

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a library's line is written; as a filter of `logging`.

        Its text, which may repeat what a stranger has sent, is made printable.
        """
        record.msg = printable(cut(record.getMessage(), self._limits.characters))
        record.args = None
        return self._count_line((f"{record.name} {record.levelname.lower()}", ""))

    def report(self) -> None:
        """End the window if its time has passed, and log what was omitted in it."""
        with self._lock:
            left_out = self._renewed()
        self._log_omitted(left_out)

    def _count_line(self, kind: Kind) -> bool:
        with self._lock:
            left_out = self._renewed()
            name, _subject = kind
            fits = (
                self._of_kind[kind] < self._limits.lines
                and self._of_event[name] < self._limits.lines_of_all
            )
            if fits:
                self._of_kind[kind] += 1
                self._of_event[name] += 1
            else:
                if not self._left_out:
                    self._report_later()
                # A subject without a written line needs no counter.
                self._left_out[kind if self._of_kind[kind] else (name, "")] += 1
        self._log_omitted(left_out)
        return fits

    def _renewed(self) -> Counter[Kind]:
        """Begin another window if it is time; return what was omitted in the last one."""
        now, left_out = self._now(), Counter[Kind]()
        if now - self._begun >= self._limits.window:
            left_out, self._left_out = self._left_out, left_out
            self._of_kind.clear()
            self._of_event.clear()
            self._begun = now
        return left_out

    def _report_later(self) -> None:
        # Without a loop, as before the server runs, the next line does it.
        with suppress(RuntimeError):
            seconds = self._limits.window - (self._now() - self._begun)
            asyncio.get_running_loop().call_later(max(0.0, seconds), self.report)

    def _log_omitted(self, left_out: Counter[Kind]) -> None:
        if not left_out:
            return
        log = structlog.get_logger(__name__)
        named = left_out.most_common(self._limits.named)
        for (name, subject), count in named:
            about = {"subject": subject} if subject else {}
            log.warning(LEFT_OUT, of=name, count=count, seconds=self._limits.window, **about)
        rest = left_out.total() - sum(count for _kind, count in named)
        if rest:
            log.warning(LEFT_OUT, of="others", count=rest, seconds=self._limits.window)


def is_limited(event: Mapping[str, object]) -> bool:
    """Whether a line is one that could be caused at any rate."""
    if event["event"] == "call":
        # Lines of callers with a key are bounded by `quotas.calls_per_second`.
        return event.get("code") == UNKNOWN_CALLER or event.get("level") == "debug"
    return event["event"] not in BOUNDED_ELSEWHERE


def kind_of(event: Mapping[str, object]) -> Kind:
    """Return the event and subject under which a line is counted."""
    subject = next((str(event[name]) for name in SUBJECTS if event.get(name)), "")
    return str(event["event"]), subject


def cut(text: str, characters: int) -> str:
    """Return a text, cut at `characters`, with a note of how many are missing."""
    if len(text) <= characters:
        return text
    return f"{text[:characters]}… ({len(text) - characters} more characters)"


def printable(text: str) -> str:
    """Return a text with control and format characters escaped, except for line breaks and tabs."""
    return "".join(
        sign if sign in "\n\t" or unicodedata.category(sign)[0] != "C" else repr(sign)[1:-1]
        for sign in text
    )
