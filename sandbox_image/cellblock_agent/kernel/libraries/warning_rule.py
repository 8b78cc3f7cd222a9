"""Rule for warnings: those about the user's code are shown, those about libraries' insides are not.

It applies where Python would write a warning: code that catches or records warnings gets all.
"""

import re
import sys
import warnings
from types import FrameType
from typing import Any, TextIO

from cellblock_agent.kernel.user_frames import LIBRARIES

MAX_FRAMES = 60
"""Maximum number of frames in which a library is searched for."""
LIBRARY_CATEGORIES = (DeprecationWarning, PendingDeprecationWarning, FutureWarning)
"""Categories that ask for a change of the code that caused them."""
NOISE = (
    # The choice of a reader that pandas makes itself.
    re.compile(r"The default engine for reading '\w+' files will change"),
    # Hints for a person at a screen.
    re.compile(r"\w+ is non-interactive, and thus cannot be shown"),
    re.compile(r"IProgress not found"),
)
READER_NOISE = re.compile(
    r"\w[\w ]* extension is not supported and will be removed"
    r"|Workbook contains no default style|Cannot parse header or footer"
    r"|Print area cannot be set|Unknown extension is not supported"
)
"""Parts of a workbook that openpyxl would lose when it saves it; pandas only reads values."""
GLYPH = re.compile(r"(?P<glyph>Glyph \d+ \([^)]*\)) missing from font\(s\) (?P<font>[^,.]+)")


class _Glyphs:
    """Whether a warning about a missing glyph was shown in this cell."""

    is_shown = False


def forget_glyphs(*_event: object) -> None:
    """Begin a cell."""
    _Glyphs.is_shown = False


def show_useful_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Write a warning, as `warnings.showwarning`, unless it is noise."""
    text = str(message)
    if is_noise(text, category, filename):
        return
    if glyph := GLYPH.match(text):
        if _Glyphs.is_shown:
            return
        _Glyphs.is_shown = True
        text = f"{glyph['glyph']} missing from font {glyph['font']}; others are not listed"
        message, line = text, ""
    try:
        (file or sys.stderr).write(
            warnings.formatwarning(message, category, filename, lineno, line)
        )
    except (AttributeError, OSError):
        # Code has closed or replaced the stream: as Python does, lose the warning.
        return


def is_noise(text: str, category: type[Warning], filename: str) -> bool:
    """Return whether a warning is about a library's insides, or for a person at a screen."""
    if any(pattern.match(text) for pattern in NOISE):
        return True
    if issubclass(category, LIBRARY_CATEGORIES) and filename.startswith(LIBRARIES):
        return True
    return READER_NOISE.match(text) is not None and is_called_by("pandas")


def is_called_by(package: str) -> bool:
    """Return whether a function of a package is being called."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - Python's documented way
    for _depth in range(MAX_FRAMES):
        if frame is None:
            return False
        name: Any = frame.f_globals.get("__name__")
        if isinstance(name, str) and name.partition(".")[0] == package:
            return True
        frame = frame.f_back
    return False
