"""A run as plots: for each scenario one, small enough for the repository."""

from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from benchmarks.results import Measured, Run
from benchmarks.timing import Samples

OURS, BASELINE, OTHERS = "#1f77b4", "#444444", "#bbbbbb"
ROW_INCHES = 0.34
STYLE = {
    # The same run gives the same file.
    "svg.hashsalt": "cellblock",
    # The reader's own font: each file is some kilobytes.
    "svg.fonttype": "none",
    "font.size": 9,
}


def draw(run: Run, folder: Path) -> None:
    """Write `NAME.svg` for each scenario."""
    folder.mkdir(parents=True, exist_ok=True)
    for measured in run.scenarios:
        with rc_context(STYLE):
            _draw(measured, folder / f"{measured.name}.svg")


def _draw(measured: Measured, path: Path) -> None:
    names = list(measured.samples)
    samples = [Samples(list(measured.samples[name])) for name in names]
    medians = [one.median for one in samples]
    height = 0.9 + ROW_INCHES * len(names)
    figure = Figure(figsize=(7, height), layout="constrained")
    axes = figure.subplots()
    colours = [_colour(name, measured.baseline) for name in names]
    # No bars: on a logarithmic scale they would have no beginning.
    axes.scatter(medians, names, c=colours, zorder=2)
    axes.hlines(
        names,
        [min(one.values) for one in samples],
        [max(one.values) for one in samples],
        colors=colours,
    )
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.grid(axis="x", color="#eeeeee", zorder=0)
    better = "more" if measured.more_is_better else "less"
    axes.set_xlabel(f"{measured.unit}: median, least and most, logarithmic; {better} is better")
    figure.suptitle(measured.title.replace("`", ""), x=0.01, horizontalalignment="left")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None, "Creator": None})


def _colour(name: str, baseline: str) -> str:
    if name.startswith("Cellblock"):
        return OURS
    return BASELINE if name == baseline else OTHERS
