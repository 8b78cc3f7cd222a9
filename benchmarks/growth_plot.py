"""Curves over the number of events, as one small SVG."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from benchmarks.plots import STYLE
from benchmarks.timing import Samples


def draw(found: Mapping[int, Mapping[str, Samples]], path: Path) -> None:
    """Write the plot."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with rc_context(STYLE):
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.subplots()
        for name in next(iter(found.values())):
            medians = [each[name].median * 1000 for each in found.values()]
            axes.plot(list(found), medians, ".-", label=name)
        axes.set_xscale("log")
        axes.set_ylim(bottom=0)
        axes.set_xlabel("events in the journal, logarithmic")
        axes.set_title("Medians, ms", loc="left")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=7)
        figure.savefig(path, metadata={"Date": None, "Creator": None})
