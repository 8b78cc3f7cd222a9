"""`cellblock config --server` and `doctor` show what the server would use, and former keys."""

import json
from pathlib import Path

import pytest

from tests.integration.cli.command import cellblock

FORMER = 'profile = "laptop"\n[sessions]\nlifetime = 60\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(FORMER)
    return path


def test_config_shows_each_value_with_its_source(file: Path, tmp_path: Path) -> None:
    done = cellblock("config", "--server", f"--config={file}", "--json", cwd=tmp_path)
    found = {(one := json.loads(line))["key"]: one for line in done.stdout.splitlines()}
    assert done.returncode == 0
    assert found["sessions.max_sessions"]["source"] == "profile 'laptop'"
    assert found["sessions.inactivity_limit"] == {
        "key": "sessions.inactivity_limit",
        "value": "60 s",
        "source": f"{file}:3",
    }
    assert done.stderr.startswith(f"{file}:3: sessions.lifetime: was renamed to")


def test_config_shows_a_table(file: Path, tmp_path: Path) -> None:
    done = cellblock("config", "--server", f"--config={file}", cwd=tmp_path)
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["pool.max_size", "2", "profile", "'laptop'"] in lines


def test_wrong_server_configuration_is_an_error(file: Path, tmp_path: Path) -> None:
    file.write_text("[sessions]\nmax_sessions = 0\n")
    done = cellblock("config", "--server", f"--config={file}", cwd=tmp_path)
    assert done.returncode != 0
    assert f"{file}:2: sessions.max_sessions: must be at least 1, got 0" in done.stderr


def test_file_is_for_the_server_only(file: Path, tmp_path: Path) -> None:
    done = cellblock("config", f"--config={file}", cwd=tmp_path)
    assert (done.returncode, "needs --server" in done.stderr) == (2, True)


def test_doctor_names_former_keys(file: Path, tmp_path: Path) -> None:
    options = [f"--config={file}", f"--state-dir={tmp_path / 'state'}", "--backend=local"]
    done = cellblock("doctor", *options, "--json", cwd=tmp_path)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    messages = [one["message"] for one in found if one["check"] == "configuration"]
    assert messages[0] == "it can be read; profile 'laptop'"
    assert messages[1].startswith(f"{file}:3: sessions.lifetime: was renamed to")
