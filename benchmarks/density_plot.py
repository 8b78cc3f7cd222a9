"""The last run of `benchmarks.density` as curves over the number of sessions, in one small SVG.

python -m benchmarks.density_plot FILE
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.density import OUTPUT, Step
from benchmarks.plots import STYLE

PANELS = {
    "Memory of one session, MiB": {
        "its own": "pss_anonymous",
        "with shared files": "pss",
        "private": "private",
    },
    "Times, ms, logarithmic": {
        "create, cold": "create_cold",
        "docker run true": "engine_run",
        "create, pool": "create_pool",
        "`1+1` in a random one": "call",
        "… p95": "call_p95",
        "ListSessions": "listing",
    },
    "CPU of all while idle, ms each second": {"sandboxes": "sandboxes_cpu", "server": "server_cpu"},
    "The server": {"memory, MiB": "server_pss", "descriptors": "server_files"},
}


def main() -> None:
    """Draw it."""
    draw([Step(**step) for step in json.loads(OUTPUT.read_text())], Path(sys.argv[1]))


def draw(steps: Sequence[Step], path: Path) -> None:
    """Write the plot."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 5.5), layout="constrained")
        for axes, (title, lines) in zip(figure.subplots(2, 2).flat, PANELS.items(), strict=True):
            _panel(axes, title, lines, steps)
        figure.savefig(path, metadata={"Date": None, "Creator": None})


def _panel(axes: Axes, title: str, lines: dict[str, str], steps: Sequence[Step]) -> None:
    sessions = [step.sessions for step in steps]
    for label, name in lines.items():
        values = [getattr(step, name) for step in steps]
        axes.plot(sessions, values, ".-", label=label.replace("`", ""))
    if "logarithmic" in title:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.set_title(title, loc="left")
    axes.set_xlabel("sessions")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=7, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.18))


if __name__ == "__main__":
    main()
