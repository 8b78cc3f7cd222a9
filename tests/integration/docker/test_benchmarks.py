"""The benchmarks measure what they say, with the real engine: one round of the quick run.

Without those contenders that only `make bench` installs.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.__main__ import PART
from benchmarks.limits import LABEL
from benchmarks.results import Run

from tests.support.engine import docker
from tests.support.images import CORE

SCENARIOS = {"first-result", "one-plus-one"}
ENTRANTS = ["Cellblock", "docker", "jupyter_client"]


@pytest.mark.timeout(120)
def test_one_round_of_the_quick_run(tmp_path: Path) -> None:
    command = [
        *(sys.executable, "-m", "benchmarks", "--quick", "--rounds=1", f"--output={tmp_path}"),
        *(f"--image={CORE}", f"--sandbox-image={CORE}"),
        *("--only", *SCENARIOS, "--entrant", *ENTRANTS),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    printed, _ = process.communicate()
    assert process.returncode == 0, printed
    run = Run.load(tmp_path / PART)
    assert {one.name for one in run.scenarios} == SCENARIOS
    samples = [values for one in run.scenarios for values in one.samples.values()]
    assert len(samples) >= 10
    assert all(values and min(values) > 0 for values in samples)
    assert len([aim for one in run.scenarios for aim in one.aims]) == 4
    assert "jupyter_client, local kernel (baseline)" in printed
    assert docker("ps", "--all", "--quiet", f"--filter=label={LABEL}={process.pid}") == ""
