"""Compare the service with what a user would pick instead, side by side.

python -m benchmarks [--quick] [--only SCENARIO …] [--entrant WORD …] [--rounds N] [--plots]
python -m benchmarks record

Prints tables; writes JSON and plots into build/bench. `record` puts the last whole run, with its
plots, into docs/project/performance.md.
"""

import argparse
import shlex
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from benchmarks.document import renewed
from benchmarks.machine import machine, versions
from benchmarks.report import print_header, print_table
from benchmarks.results import Measured, Run
from benchmarks.runner import measure
from benchmarks.scenarios import SCENARIOS
from benchmarks.stage import Stage
from benchmarks.tables import scenario_table, summary

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path("build") / "bench"
WHOLE, PART = "all.json", "part.json"
DOCUMENT = ROOT / "docs" / "project" / "performance.md"
PLOTS = ROOT / "docs" / "project" / "performance"
BASELINES = f"cellblock-bench:{version('cellblock')}"
SANDBOX = f"cellblock-sandbox:{version('cellblock')}"
DESCRIPTION = "Compares the service with what a user would pick instead, side by side."


def main() -> None:
    """Parse the arguments and run the command."""
    options = _parser().parse_args()
    if options.command == "record":
        record(Run.load(options.output / WHOLE))
        return
    print_header("benchmarks")
    found: list[Measured] = []
    command = shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]])
    run = Run(command, machine(), versions(), found)
    path = options.output / (PART if options.quick or options.only or options.entrant else WHOLE)
    for measured in compare(options):
        print_table(measured.title, scenario_table(measured))
        found.append(measured)
        # Results so far are kept, even if a later scenario fails.
        run.save(path)
    print_table("Aims", summary(run))
    if options.plots:
        draw_plots(run, options.output)
    print(f"\n→ {path}")


def compare(options: argparse.Namespace) -> Iterator[Measured]:
    """Run the requested scenarios, one after the other."""
    with Stage(options.image, options.sandbox_image) as stage:
        for scenario in SCENARIOS:
            rounds = options.rounds or (scenario.quick_rounds if options.quick else scenario.rounds)
            entrants = {
                name: entrant
                for name, entrant in scenario.entrants.items()
                if not (options.quick and name in scenario.not_quick)
                and any(word in name for word in options.entrant or [""])
            }
            if rounds and entrants and scenario.name in (options.only or [scenario.name]):
                yield measure(replace(scenario, entrants=entrants), stage, rounds)


def record(run: Run) -> None:
    """Put a run into the documentation, with its plots."""
    DOCUMENT.write_text(renewed(DOCUMENT.read_text(), run))
    draw_plots(run, PLOTS)


def draw_plots(run: Run, folder: Path) -> None:
    """Draw a run. Needs matplotlib, which is otherwise not required."""
    from benchmarks.plots import draw

    draw(run, folder)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=DESCRIPTION)
    parser.add_argument(
        "command", nargs="?", choices=["record"], help="put the last whole run into the docs"
    )
    parser.add_argument("--quick", action="store_true", help="few rounds, without the slowest")
    parser.add_argument(
        "--only", nargs="+", choices=[one.name for one in SCENARIOS], help="these scenarios"
    )
    parser.add_argument(
        "--entrant", nargs="+", metavar="WORD", help="those that have one of these in their name"
    )
    parser.add_argument("--rounds", type=int, help="instead of each scenario's own number")
    parser.add_argument("--plots", action="store_true", help="draw plots, too: needs matplotlib")
    parser.add_argument(
        "--output", type=Path, default=FOLDER, metavar="FOLDER", help="for JSON and plots"
    )
    parser.add_argument("--image", default=BASELINES, help="of baselines: %(default)s")
    parser.add_argument("--sandbox-image", default=SANDBOX, help="of sessions: %(default)s")
    return parser


if __name__ == "__main__":
    main()
