"""A server whose wall clock a test sets, without effect on other programs. Run as a program.

The file that `WALL_CLOCK_AHEAD` names has the number of seconds by which it is ahead.
"""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cellblock_server.common import clock


def utc_now() -> datetime:
    ahead = Path(os.environ["WALL_CLOCK_AHEAD"]).read_text()
    return datetime.now(UTC) + timedelta(seconds=float(ahead))


if __name__ == "__main__":
    # Before the rest is imported, which takes the function by its name.
    clock.utc_now = utc_now
    from cellblock_server import main

    sys.exit(main.main())
