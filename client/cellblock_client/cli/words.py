"""Text for people, without control sequences except colours.

Output of a sandbox may attack terminals, too: escape sequences can set the clipboard or fake a
prompt. Colours are kept; everything else is removed.
"""

import re

from cellblock_client.events import OutputCut
from cellblock_client.types import SessionFile, SessionFileType

# An escape that does not begin a colour, and control characters but \b \t \n \r.
UNSAFE = re.compile(r"\x1b(?!\[[0-9;:]*m)|[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]")
COLOUR = re.compile(r"\x1b\[[0-9;:]*m")


def sanitized(text: str) -> str:
    """Remove everything that a terminal would interpret, except colours."""
    return UNSAFE.sub("", text)


def plain(text: str) -> str:
    """Return a name or path on one line; unprintable characters and colours are replaced."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def shown_path(file: SessionFile) -> str:
    """Format a path in a session: a slash ends a directory's, an arrow leads to a link's target."""
    if file.type is SessionFileType.LINK:
        return f"{plain(file.path)} -> {plain(file.link_target)}"
    return plain(file.path) + ("/" if file.is_folder else "")


def cut_in_words(cut: OutputCut) -> str:
    """Return the text that replaces output that was left out."""
    unit = "events" if cut.limit == "EVENTS" else "bytes"
    return f"[{cut.omitted_bytes} bytes of output left out: the limit is {cut.limit_value} {unit}]"
