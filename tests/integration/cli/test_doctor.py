"""`cellblock doctor`, as an operator starts it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.cli.command import CELLBLOCK, cellblock
from tests.support.images import CORE

NO_SERVER = (
    "import sys; sys.modules['cellblock_server'] = None; "
    "from cellblock_client.cli.main import main; main()"
)
"""The command where only the client is installed."""


def levels(text: str) -> dict[str, str]:
    found = [json.loads(line) for line in text.splitlines()]
    return {one["check"]: one["level"] for one in found}


def test_a_running_server_has_no_problems(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CELLBLOCK_SANDBOX__IMAGE", CORE)
    done = subprocess.run(
        [CELLBLOCK, "doctor", f"--state-dir={tmp_path}", f"--address={server}", "--json"],
        check=False,
        capture_output=True,
        text=True,
    )
    found = levels(done.stdout)
    problems = {check for check, level in found.items() if level == "problem"}
    # How full the disk of this machine is, is not the matter here.
    assert (problems - {"state disk", "engine disk"}, done.stderr) == (set(), "")
    assert (found["engine"], found["call"], found["readiness"]) == ("ok", "ok", "ok")


def test_a_problem_is_reported_with_its_fix(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[server]\nlisten = '0.0.0.0:1'\n")
    done = cellblock("doctor", f"--config={tmp_path / 'config.toml'}", cwd=tmp_path)
    assert done.returncode == 1
    assert "problem configuration" in done.stdout
    assert "server.listen: '0.0.0.0' is not a loopback address" in done.stdout
    assert "→ fix it" in done.stdout


def test_without_the_server_package_only_a_call_is_checked(server: str) -> None:
    command = [sys.executable, "-c", NO_SERVER, "doctor", "--json", f"--address={server}"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, levels(done.stdout)["call"]) == (0, "ok")
    assert "engine" not in levels(done.stdout)


def test_a_server_that_does_not_answer_is_a_problem(tmp_path: Path) -> None:
    command = [sys.executable, "-c", NO_SERVER, "doctor", "--json", f"--address=unix:{tmp_path}/x"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, levels(done.stdout)) == (1, {"call": "problem"})
