"""Detection of whether output is coloured."""

import os
from collections.abc import Mapping
from typing import TextIO


def takes_colours(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether to write colours to `stream`: if it is a terminal and no variable decides.

    Source: no-color.org and force-color.org; if both are set, no colours are used.
    """
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return stream.isatty() and environment.get("TERM", "dumb") != "dumb"
