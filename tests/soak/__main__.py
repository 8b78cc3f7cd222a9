"""`python -m tests.soak SECONDS`: work for so long, and tell what has leaked."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.soak.run import soak


def main() -> int:
    """Run a soak and return the exit code: 1 if something has leaked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float, help="how long there is work")
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="cb-") as folder:
        found = asyncio.run(soak(seconds, Path(folder)))
    sys.stdout.write(f"{found.table()}\n")
    leaks = found.leaks()
    sys.stdout.write("".join(f"LEAK: {leak}\n" for leak in leaks))
    return 1 if leaks else 0


if __name__ == "__main__":
    sys.exit(main())
