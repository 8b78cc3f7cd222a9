"""`python -m tests.day [DAYS]`: live through compressed days, and report what went wrong."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.day.run import DEPLOYMENTS, live_days


def main() -> int:
    """Return the exit code: 1 if there was a problem."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("days", type=int, nargs="?", default=5, help="days after the first one")
    days = parser.parse_args().days
    problems: list[str] = []
    for name, deployment in DEPLOYMENTS.items():
        with tempfile.TemporaryDirectory(prefix="cb-") as folder:
            day = asyncio.run(live_days(deployment, days, Path(folder)))
        sys.stdout.write(f"{name}, {days} days\n{day.table()}\n")
        problems += [f"{name}: {problem}" for problem in day.problems()]
    sys.stdout.write("".join(f"PROBLEM: {problem}\n" for problem in problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
