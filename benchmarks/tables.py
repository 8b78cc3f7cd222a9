"""A run as tables, for a terminal and for docs/project/performance.md: the same rows."""

from collections.abc import Sequence

from benchmarks.report import Row
from benchmarks.results import AimResult, Measured, Run
from benchmarks.timing import Samples

SUMMARY_HEAD: Row = ("what", "aim", "seen", "")


def summary(run: Run) -> list[Row]:
    """Return the first table: each aim, with its result."""
    rows = [SUMMARY_HEAD]
    for scenario in run.scenarios:
        for aim in scenario.aims:
            verdict = "met" if aim.is_met else "**missed**"
            rows.append((aim.what, aim.text, _seen(aim, scenario.unit), verdict))
    return rows


def scenario_table(measured: Measured) -> list[Row]:
    """One scenario's: entrants with their medians, and ratios of these to the baseline's."""
    base = measured.samples.get(measured.baseline)
    rows: list[Row] = [
        ("", "of the baseline", f"median {measured.unit}", f"p95 {measured.unit}", "samples")
    ]
    for name, values in measured.samples.items():
        samples = Samples(list(values))
        ratio = number(samples.median / Samples(list(base)).median) if base else "-"
        label = f"{name} (baseline)" if name == measured.baseline else name
        # The slow rounds are those with a low rate.
        tail = (
            -Samples([-value for value in values]).p95 if measured.more_is_better else samples.p95
        )
        rows.append((label, ratio, number(samples.median), number(tail), str(len(values))))
    return rows


def markdown(rows: Sequence[Row]) -> str:
    """Rows as a Markdown table; numbers are aligned to the right."""
    head, *body = rows
    columns = [cell or " " for cell in head]
    lines = [f"| {' | '.join(columns)} |", f"| {' | '.join('---' for _cell in head)} |"]
    lines += [f"| {' | '.join(row)} |" for row in body]
    return "\n".join(lines) + "\n"


def number(value: float) -> str:
    """Three digits that say something."""
    digits = next((n for n, least in enumerate((100, 10, 1)) if abs(value) >= least), 3)
    return f"{value:.{digits}f}"


def _seen(aim: AimResult, unit: str) -> str:
    return f"{number(aim.seen)} of {aim.of}" if aim.of else f"{number(aim.seen)} {unit}"
