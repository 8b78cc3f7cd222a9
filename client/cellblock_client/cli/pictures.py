"""Pictures in the text of a terminal that can show them."""

import base64
import os
from collections.abc import Callable, Iterator, Mapping
from typing import TextIO

Draw = Callable[[bytes], str]
"""A picture's bytes as what a terminal draws; empty if it can't draw such a picture."""

MAX_BYTES = 8 * 2**20
"""Larger pictures are only named."""
KITTY_CHUNK = 4096
PNG, JPEG, GIF = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8"


def picture_drawer(stream: TextIO, environment: Mapping[str, str] = os.environ) -> Draw | None:
    """How the terminal that `stream` writes to draws pictures; None if it does not."""
    name, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    # Within a multiplexer, what the terminal around it could do does not get through.
    if not stream.isatty() or name.startswith(("screen", "tmux", "dumb")):
        return None
    if name in ("xterm-kitty", "xterm-ghostty") or program == "ghostty":
        return kitty
    return iterm if program in ("iTerm.app", "WezTerm") else None


def kitty(data: bytes) -> str:
    """By kitty's graphics protocol, which takes PNG."""
    return "".join(_kitty_chunks(data)) + "\n" if data.startswith(PNG) else ""


def iterm(data: bytes) -> str:
    """By iTerm2's inline images protocol."""
    if not data.startswith((PNG, JPEG, GIF)):
        return ""
    text = base64.b64encode(data).decode()
    return f"\x1b]1337;File=inline=1;size={len(data)}:{text}\x07\n"


def _kitty_chunks(data: bytes) -> Iterator[str]:
    text = base64.b64encode(data).decode()
    for start in range(0, len(text), KITTY_CHUNK):
        # Transmit and show a PNG, and answer nothing: nobody reads the terminal.
        first = "a=T,f=100,q=2," if start == 0 else ""
        more = int(start + KITTY_CHUNK < len(text))
        yield f"\x1b_G{first}m={more};{text[start : start + KITTY_CHUNK]}\x1b\\"
