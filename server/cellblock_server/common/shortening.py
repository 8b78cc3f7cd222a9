"""Text shortened to a number of characters, without splitting what a reader sees as one."""

import unicodedata

from cellblock_server.common.plain_text import BIDIRECTIONAL

JOINER = "\u200d"
MAX_CLUSTER = 64
"""Code points after which a cluster is split all the same: code can make endless ones."""
LINE_SHARE = 0.2
"""Share of the kept text that may be given up for a cut between two lines."""
NOTE_ROOM = 60
"""Characters that are reserved for the note of a cut."""
FORMATTING = BIDIRECTIONAL | {"\u2028", "\u2029"}


def shorten(text: str, limit: int, head_share: float = 0.5) -> str:
    """Return a text of at most `limit` characters: its head and tail, and a note between them."""
    if len(text) <= limit:
        return text
    room = limit - NOTE_ROOM
    if room <= 0:
        return text[: cut_before(text, limit)]
    head = _line_before(text, cut_before(text, int(room * head_share)))
    tail = _line_after(text, cut_after(text, len(text) - (room - int(room * head_share))))
    left = text[:head] + ("" if head == 0 or text[head - 1] == "\n" else "\n")
    return f"{left}[… {tail - head:,} characters were left out here …]\n{text[tail:]}"


def cut_before(text: str, index: int) -> int:
    """Return the last position up to `index` at which the text may be cut."""
    place = index
    while place > 0 and index - place < MAX_CLUSTER and not is_boundary(text, place):
        place -= 1
    return place if is_boundary(text, place) else index


def cut_after(text: str, index: int) -> int:
    """Return the first position from `index` on at which the text may be cut."""
    place = index
    while place < len(text) and place - index < MAX_CLUSTER and not is_boundary(text, place):
        place += 1
    return place


def is_boundary(text: str, index: int) -> bool:
    """Whether the text may be cut at a position: not within a grapheme cluster.

    Source: Unicode Standard Annex 29, extended grapheme clusters, simplified: every mark and
    modifier belongs to what it follows.
    """
    if index <= 0 or index >= len(text):
        return True
    before, after = text[index - 1], text[index]
    if before == "\r" and after == "\n":
        return False
    if before in "\r\n" or after in "\r\n":
        return True
    if before == JOINER or _extends(after) or (_is_jamo(before) and _is_jamo(after)):
        return False
    return not (_is_regional(after) and _regionals_before(text, index) % 2)


def without_formatting(text: str) -> str:
    """Replace characters that reorder others, and separators that are no line feeds, by escapes."""
    if not FORMATTING.intersection(text):
        return text
    return "".join(f"\\u{ord(sign):04x}" if sign in FORMATTING else sign for sign in text)


def on_one_line(text: str) -> str:
    """Return a name or path on one line: unprintable characters are replaced."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)


def _extends(sign: str) -> bool:
    return (
        unicodedata.category(sign) in ("Mn", "Me", "Mc")
        or sign in (JOINER, "\u200c")
        or "\U0001f3fb" <= sign <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= sign <= "\U000e007f"  # tags of flags
    )


def _is_jamo(sign: str) -> bool:
    """Whether a character is a part of a Hangul syllable."""
    return "\u1100" <= sign <= "\u11ff"


def _is_regional(sign: str) -> bool:
    return "\U0001f1e6" <= sign <= "\U0001f1ff"


def _regionals_before(text: str, index: int) -> int:
    start = index
    while start > 0 and index - start < MAX_CLUSTER and _is_regional(text[start - 1]):
        start -= 1
    return index - start


def _line_before(text: str, index: int) -> int:
    """Return the start of a line shortly before a position, or the position."""
    found = text.rfind("\n", int(index * (1 - LINE_SHARE)), index)
    return found + 1 if found >= 0 else index


def _line_after(text: str, index: int) -> int:
    """Return the start of a line shortly after a position, or the position."""
    found = text.find("\n", index, index + int((len(text) - index) * LINE_SHARE))
    return found + 1 if found >= 0 else index
