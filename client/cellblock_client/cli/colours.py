"""Whether what is written is in colour."""

import os
from collections.abc import Mapping
from typing import TextIO


def takes_colours(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether to write colours to `stream`: if it is a terminal, and nobody said otherwise.

    Source: no-color.org and force-color.org; of both, no colours wins.
    """
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return stream.isatty() and environment.get("TERM", "dumb") != "dumb"
