"""Bounds of an exception's text, with a notice of how much is missing."""

from dataclasses import dataclass

from cellblock_agent.output.text import make_encodable, truncate_text, truncate_text_start

MAX_BYTES = 65536
"""Maximum size of an exception's name, of its message, and of its traceback, notices included."""
NOTICE_BYTES = 128
"""Space that is kept free for a notice."""
LINE_SHARE = 2
"""Divisor of the limit for one entry of a traceback: a long message must not displace all frames.
"""
TAIL_SHARE = 4
"""Divisor of what is kept of a long text, for its end."""


@dataclass(frozen=True)
class ExceptionText:
    """An exception as text."""

    name: str
    value: str
    traceback: list[str]


def text_of(value: object) -> str:
    """Return `str(value)`, even if the class of the object fails to make it."""
    try:
        return make_encodable(str(value))
    except Exception as error:  # noqa: BLE001 - user code runs here
        return f"<exception str() failed: {type(error).__name__}>"


def cut_exception(
    name: str, value: str, traceback: list[str], most: int = MAX_BYTES
) -> ExceptionText:
    """Return an exception's text within `most` bytes each; what fits is unchanged.

    Lone surrogates, as in names of files, become U+FFFD.
    """
    name, value = make_encodable(name), make_encodable(value)
    lines = [make_encodable(line) for line in traceback]
    return ExceptionText(
        cut_middle(name, most), cut_middle(value, most), _cut_traceback(lines, most)
    )


def cut_middle(text: str, most: int, limit: int = 0) -> str:
    """Return a text of at most `most` bytes: its beginning, a notice, and its end.

    The notice names `limit`, if `most` is only a part of it.
    """
    if len(text) * 4 <= most or (size := len(text.encode())) <= most:
        return text
    room = most - NOTICE_BYTES
    end = truncate_text_start(text, room // TAIL_SHARE)
    start = truncate_text(text, room - room // TAIL_SHARE)
    omitted = size - len(start.encode()) - len(end.encode())
    return f"{start}\n{notice_of(omitted, limit or most)}\n{end}"


def notice_of(omitted: int, limit: int) -> str:
    """Return the text that replaces a part of an exception."""
    return f"[… {omitted} bytes were left out here: the limit is {limit} bytes of an exception …]"


def _cut_traceback(traceback: list[str], most: int) -> list[str]:
    """Keep the end, which is more useful than the beginning."""
    left = most - NOTICE_BYTES
    kept: list[str] = []
    for entry in reversed(traceback):
        cut = cut_middle(entry, (most - NOTICE_BYTES) // LINE_SHARE, most)
        # An empty entry counts, too.
        left -= len(cut.encode()) + 1
        if left < 0:
            break
        kept.append(cut)
    kept.reverse()
    missing = traceback[: len(traceback) - len(kept)]
    if missing:
        omitted = sum(len(entry.encode()) + 1 for entry in missing)
        # A later cut of the same text must not count the notice as the code's own text.
        kept.insert(0, notice_of(omitted, most))
    return kept
