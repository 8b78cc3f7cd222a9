"""Real agent with the times that a test gives it.

Run as a program, with the agent's arguments; `TEST_TIMINGS` is JSON of the agent's `Timings`, such
as `{"questions": {"answer": 0.5}}`.
"""

import json
import os
import sys

from cellblock_agent.__main__ import main
from cellblock_agent.timings import DEFAULT_TIMINGS, Timings


def parse_timings(text: str) -> Timings:
    """Return the timings that a JSON object names; all others stay as they are."""
    given = json.loads(text).items()
    return Timings(**{name: type(getattr(DEFAULT_TIMINGS, name))(**some) for name, some in given})


if __name__ == "__main__":
    sys.exit(main(parse_timings(os.environ.pop("TEST_TIMINGS"))))
