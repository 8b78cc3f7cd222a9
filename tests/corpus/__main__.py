"""Run the corpus with images, several sessions at a time, and write the page of pass rates.

python -m tests.corpus [--subject SUBJECT]… [--sessions N] [--page] IMAGE…
"""

import argparse
import signal
import sys

from tests.corpus.program import all_programs
from tests.corpus.report import PACKAGES, PAGE, Report
from tests.corpus.results import Results
from tests.corpus.running import Outcome, connected_client, package_versions, run_programs
from tests.support.images import FULL

SESSIONS = 3
"""Number of sessions at a time: a program waits for its container much of its time."""


def main() -> int:
    """Run the corpus, and return the exit code: 1 if the default image fails unexpectedly."""
    parser = argparse.ArgumentParser(prog="tests.corpus", description=__doc__)
    parser.add_argument("images", nargs="+", metavar="IMAGE")
    parser.add_argument("--subject", action="append", help="only programs of this subject")
    parser.add_argument("--sessions", type=int, default=SESSIONS, help="sessions at a time")
    parser.add_argument("--page", action="store_true", help=f"write {PAGE.name} from all results")
    parsed = parser.parse_args()
    programs = [
        program
        for program in all_programs()
        if not parsed.subject or program.subject in parsed.subject
    ]
    for image in parsed.images:
        results = Results.load(image)
        with connected_client(image, parsed.sessions) as client:
            results.versions = package_versions(client, image, PACKAGES)
            for outcome in run_programs(client, programs, image, parsed.sessions):
                results.add(outcome)
                show(outcome)
        results.save()
        sys.stdout.write(f"{image}: {results.summary(programs)}\n")
    report = Report(all_programs(), [Results.load(image) for image in parsed.images])
    if parsed.page:
        PAGE.write_text(report.page())
    unexpected = [
        program for program in programs if not program.setup.limit and report.fails(program, FULL)
    ]
    return 1 if unexpected else 0


def show(outcome: Outcome) -> None:
    """Print a program that failed, with its differences."""
    if outcome.differences:
        differences = "".join(f"    {difference}\n" for difference in outcome.differences)
        sys.stdout.write(f"{outcome.program.name}\n{differences}")
        sys.stdout.flush()


if __name__ == "__main__":
    # A terminated run still ends its server and sandboxes.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
