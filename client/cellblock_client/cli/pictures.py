"""Images in the text of a terminal that can show them."""

import base64
import os
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from typing import TextIO

from cellblock_client.cli import settings
from cellblock_client.errors import Error

Draw = Callable[[bytes], str]
"""Function that encodes an image for a terminal; empty if the terminal can't draw it."""

MAX_BYTES = 8 * 2**20
"""Size over which images are only named."""
KITTY_CHUNK = 4096
SIXEL_TERMINALS = ("foot", "mlterm", "contour", "yaft")
"""Beginnings of `TERM` for terminals with sixels."""
PNG, JPEG, GIF = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8"


def picture_drawer(stream: TextIO, environment: Mapping[str, str] = os.environ) -> Draw | None:
    """Return how the terminal of `stream` draws images; None if it does not.

    The user's setting decides, or else what the terminal reports in the environment.
    """
    wanted = settings.values(environment)["pictures"].value or "auto"
    if not stream.isatty() or wanted == "off":
        return None
    return _detected(environment) if wanted == "auto" else DRAWERS[str(wanted)]


def _detected(environment: Mapping[str, str]) -> Draw | None:
    name, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    # A multiplexer does not forward the image protocols of the terminal around it.
    if name.startswith(("screen", "tmux", "dumb")):
        return None
    if name in ("xterm-kitty", "xterm-ghostty") or program == "ghostty":
        return kitty
    if program in ("iTerm.app", "WezTerm"):
        return iterm
    return sixels if name.startswith(SIXEL_TERMINALS) and find_spec("PIL") else None


def kitty(data: bytes) -> str:
    """Encode for kitty's graphics protocol, which takes PNG."""
    return "".join(_kitty_chunks(data)) + "\n" if data.startswith(PNG) else ""


def iterm(data: bytes) -> str:
    """Encode for iTerm2's inline images protocol."""
    if not data.startswith((PNG, JPEG, GIF)):
        return ""
    text = base64.b64encode(data).decode()
    return f"\x1b]1337;File=inline=1;size={len(data)}:{text}\x07\n"


def sixels(data: bytes) -> str:
    """Encode as DEC's sixels. Raises Error if the decoder is not installed."""
    if find_spec("PIL") is None:
        raise Error("sixel images need Pillow: pip install 'cellblock[sixel]'")
    from cellblock_client.cli.sixel import sixel

    return sixel(data)


DRAWERS: dict[str, Draw] = {"kitty": kitty, "iterm": iterm, "sixel": sixels}
"""Encoders by their names in the setting."""


def _kitty_chunks(data: bytes) -> Iterator[str]:
    text = base64.b64encode(data).decode()
    for start in range(0, len(text), KITTY_CHUNK):
        # Transmit and show a PNG without a response, because the CLI does not read the terminal.
        first = "a=T,f=100,q=2," if start == 0 else ""
        more = int(start + KITTY_CHUNK < len(text))
        yield f"\x1b_G{first}m={more};{text[start : start + KITTY_CHUNK]}\x1b\\"
