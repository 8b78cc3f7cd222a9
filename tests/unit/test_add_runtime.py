"""An engine's configuration gets a runtime, and keeps all that it had."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent.parent / "scripts" / "add_runtime.py"
OURS = {"path": "/usr/bin/runsc", "runtimeArgs": ["--platform=ptrace"]}


def add_runtime(file: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, SCRIPT, file, "runsc", "/usr/bin/runsc", "--platform=ptrace"],
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "docker" / "daemon.json"


@pytest.mark.parametrize("before", [None, "", "{}"])
def test_a_file_is_made(file: Path, before: str | None) -> None:
    if before is not None:
        file.parent.mkdir()
        file.write_text(before)
    assert add_runtime(file).returncode == 0
    assert json.loads(file.read_text()) == {"runtimes": {"runsc": OURS}}
    assert [entry.name for entry in file.parent.iterdir()] == ["daemon.json"]


def test_other_keys_and_runtimes_stay(file: Path) -> None:
    before = {"debug": True, "runtimes": {"other": {"path": "other"}}, "log-opts": {"a": "é"}}
    file.parent.mkdir()
    file.write_text(json.dumps(before))
    file.chmod(0o600)
    assert add_runtime(file).returncode == 0
    runtimes = {"other": {"path": "other"}, "runsc": OURS}
    assert json.loads(file.read_text()) == {**before, "runtimes": runtimes}
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_runtime_of_that_name_stays_as_it_is(file: Path) -> None:
    text = '{"runtimes":   {"runsc": {"path": "/opt/mine"}}}'
    file.parent.mkdir()
    file.write_text(text)
    assert add_runtime(file).returncode == 0
    assert file.read_text() == text


@pytest.mark.parametrize("text", ["{", "[]", '{"runtimes": []}'])
def test_what_is_no_configuration_is_left_alone(file: Path, text: str) -> None:
    file.parent.mkdir()
    file.write_text(text)
    done = add_runtime(file)
    assert done.returncode == 1
    assert f"{file} is left as it is" in done.stderr
    assert file.read_text() == text
