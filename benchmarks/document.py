"""Puts a run's tables into a document, between markers, and leaves all else as it is."""

import re

from benchmarks.results import Run
from benchmarks.tables import markdown, scenario_table, summary


def renewed(document: str, run: Run) -> str:
    """Return the document with the results of a run.

    `<!-- bench NAME -->` … `<!-- /bench -->` holds one part: `run`, `summary` or a scenario's name.
    Raises ValueError for a name that the run has nothing for.
    """
    parts = {"run": _run(run), "summary": markdown(summary(run))}
    parts |= {one.name: markdown(scenario_table(one)) for one in run.scenarios}

    def part(match: re.Match[str]) -> str:
        name = match["name"]
        if name not in parts:
            raise ValueError(f"<!-- bench {name} -->: the run has no such scenario")
        return f"{match['head']}\n\n{parts[name]}\n<!-- /bench -->"

    marked = r"(?P<head><!-- bench (?P<name>[\w-]+) -->)\n.*?<!-- /bench -->"
    return re.sub(marked, part, document, flags=re.DOTALL)


def _run(run: Run) -> str:
    facts = run.machine
    versions = ", ".join(f"{name} {version}" for name, version in run.versions.items())
    return (
        f"Measured at {facts['date']} with {facts['cores']} cores, {facts['memory']}, "
        f"{facts['kernel']}, {facts['engine']}, Python {facts['python']}; {versions}. "
        f"The load of the machine was {facts['load before']} when the run began.\n"
    )
