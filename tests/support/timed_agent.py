"""The real agent with the times that a test gives it.

Run as a program, with the agent's arguments; `TEST_TIMINGS` is JSON of the agent's `Timings`, such
as `{"questions": {"answer": 0.5}}`.
"""

import json
import os
import sys

from cellblock_agent.__main__ import main
from cellblock_agent.timings import QuestionTimings, Timings

if __name__ == "__main__":
    given = json.loads(os.environ.pop("TEST_TIMINGS"))
    sys.exit(main(Timings(questions=QuestionTimings(**given.get("questions", {})))))
