"""matplotlib's fonts: at most one line about each font that is not installed.

matplotlib writes one line for each text and family, hundreds for one plot.
"""

import functools
import logging
import threading
from typing import Any

MAX_NAMED = 200
"""Maximum number of different lines in one process."""
MAX_FAMILIES = 5
"""Maximum number of families that one line names."""


class FontLogFilter(logging.Filter):
    """Filter that passes each message once, and none about a font's weight."""

    def __init__(self) -> None:
        """Pass each message for the first time."""
        super().__init__()
        self._written: set[str] = set()
        self.searching = threading.local()
        """Number of searches of this thread for a list of families, of which it needs one."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is written."""
        message = record.getMessage()
        if not message.startswith("findfont:"):
            return True
        if "Failed to find font weight" in message or self.depth():
            return False
        return self.is_new(message)

    def depth(self) -> int:
        """Return how many such searches this thread has begun."""
        return int(vars(self.searching).get("depth", 0))

    def is_new(self, message: str) -> bool:
        """Return whether a message was not written yet, and remember it."""
        if message in self._written or len(self._written) >= MAX_NAMED:
            return False
        self._written.add(message)
        return True


def write_line(log: logging.Logger, message: str) -> None:
    """Write a line past the filter of the logger."""
    if log.isEnabledFor(logging.WARNING):
        log.callHandlers(log.makeRecord(log.name, logging.WARNING, "", 0, message, (), None))


def adapt(font_manager: Any) -> None:  # noqa: ANN401 - a module
    """Bound what the font manager writes."""
    log = logging.getLogger("matplotlib.font_manager")
    written = FontLogFilter()
    log.addFilter(written)
    manager = font_manager.FontManager
    find = manager._find_fonts_by_props  # noqa: SLF001 - corpus programs check it

    @functools.wraps(find)
    def find_fonts(self: Any, prop: Any, fontext: str = "ttf", *rest: Any, **named: Any) -> Any:  # noqa: ANN401
        depth = written.depth()
        written.searching.depth = depth + 1
        try:
            paths = find(self, prop, fontext, *rest, **named)
        finally:
            written.searching.depth = depth
        if depth == 0 and fontext == "ttf" and (missing := missing_families(self, prop)):
            names = ", ".join(map(repr, missing[:MAX_FAMILIES]))
            if len(missing) > MAX_FAMILIES:
                names += f" and {len(missing) - MAX_FAMILIES} more"
            message = f"findfont: Font {names} not found; other fonts are used."
            if written.is_new(message):
                write_line(log, message)
        return paths

    known: dict[tuple[int, tuple[str, ...]], list[str]] = {}

    def missing_families(self: Any, prop: Any) -> list[str]:  # noqa: ANN401
        """Return the families that code asks for if none of them is installed."""
        wanted = font_manager.FontProperties._from_any(prop)  # noqa: SLF001
        if wanted.get_file() is not None:
            return []
        asked = tuple(wanted.get_family())
        key = len(self.ttflist), asked
        if key not in known:
            if len(known) > MAX_NAMED:
                known.clear()
            installed = {entry.name.lower() for entry in self.ttflist}
            families = [
                name
                for family in asked
                for name in (
                    self._expand_aliases(family)
                    if family in font_manager.font_family_aliases
                    else [family]
                )
            ]
            is_found = any(name.lower() in installed for name in families)
            known[key] = [] if is_found else families
        return known[key]

    manager._find_fonts_by_props = find_fonts  # noqa: SLF001
