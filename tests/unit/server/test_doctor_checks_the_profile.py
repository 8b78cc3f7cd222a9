"""`cellblock doctor` reports former keys, and what the profile `server` expects."""

from pathlib import Path

import pytest

from cellblock_server.config import read_configuration
from cellblock_server.ops.doctor.__main__ import configuration_findings
from cellblock_server.ops.doctor.finding import Level

pytestmark = pytest.mark.usefixtures("no_user_configuration")


def warnings(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "config.toml"
    path.write_text(text)
    findings = configuration_findings(read_configuration(path, {}))
    return [finding.message for finding in findings if finding.level is Level.WARNING]


def test_default_profile_expects_nothing(tmp_path: Path) -> None:
    assert warnings(tmp_path, "") == []


def test_server_profile_expects_tls(tmp_path: Path) -> None:
    assert warnings(tmp_path, 'profile = "server"\n') == ["'server', and TLS is off"]


def test_server_profile_expects_keys(tmp_path: Path) -> None:
    text = 'profile = "server"\n[auth]\nrequired = false\n[server]\nlisten = "unix:/run/a"\n'
    assert warnings(tmp_path, text) == ["'server', and auth.required is false"]


def test_former_keys_are_reported(tmp_path: Path) -> None:
    (message,) = warnings(tmp_path, "[sessions]\nlifetime = 60\n")
    assert "was renamed to sessions.inactivity_limit" in message
