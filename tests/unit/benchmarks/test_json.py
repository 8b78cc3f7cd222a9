"""A run is kept as JSON, with every sample, and can be read again."""

import json
from pathlib import Path

from benchmarks.results import AimResult, Run

from tests.unit.benchmarks.found import measured, run


def test_what_is_read_is_what_was_saved(tmp_path: Path) -> None:
    aim = AimResult("sums", "no slower", 0.5, 1, "stock")
    saved = run(measured({"ours": [1.0, 2.5], "stock": [3.0]}, aims=(aim,)))
    path = tmp_path / "new" / "all.json"
    saved.save(path)
    read = Run.load(path)
    assert read.scenarios[0].samples == {"ours": [1.0, 2.5], "stock": [3.0]}
    assert list(read.scenarios[0].aims) == [aim]
    assert (read.machine, read.versions, read.command) == (
        saved.machine,
        saved.versions,
        saved.command,
    )
    assert json.loads(path.read_text())["machine"]["load before"] == "0.3"
