"""The systemd unit: valid, and grants the server few rights."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cellblock_server.config import Settings
from tests.support.service_unit import UNIT, environment, service

MOST_EXPOSED = 15
"""Highest accepted exposure, in tenths, by `systemd-analyze security`.

100 is a service without any restriction. The rest comes from a service that accepts connections
and sees the processes of its host.
"""
CLOSE_SECONDS = 20
"""Seconds that closing takes after the time limit for running calls."""
GUIDE = UNIT.parents[1] / "docs" / "operate" / "systemd.md"
DROP_INS = re.findall(r"^```ini\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
"""The drop-in files that the guide tells operators to add."""

pytestmark = pytest.mark.skipif(
    os.getuid() != 0 and shutil.which("systemd-analyze") is None,
    reason="systemd-analyze is not installed, and only root can (make test does it)",
)


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments], check=False, capture_output=True, text=True
    )


@pytest.mark.parametrize("number", range(-1, len(DROP_INS)))
def test_systemd_accepts_the_unit_and_each_drop_in(tmp_path: Path, number: int) -> None:
    # systemd looks for the program and for the units in `After=`.
    program = tmp_path / service()["ExecStart"][0].split()[0].removeprefix("/")
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    units = tmp_path / "usr" / "lib" / "systemd" / "system"
    shutil.copytree("/usr/lib/systemd/system", units, symlinks=True)
    shutil.copy(UNIT, units)
    if number >= 0:
        (units / "cellblock.service.d").mkdir()
        (units / "cellblock.service.d" / "override.conf").write_text(DROP_INS[number])
    done = analyze("verify", f"--root={tmp_path}", "--man=no", "cellblock.service")
    problems = [
        line
        for line in done.stderr.splitlines()
        if "cellblock.service" in line or "override.conf" in line
    ]
    assert (done.returncode, problems) == (0, [])


def test_unit_stays_below_the_exposure_limit() -> None:
    done = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(UNIT))
    assert done.returncode == 0, done.stdout


def test_stop_timeout_covers_draining_and_closing() -> None:
    drain = Settings().server.drain_timeout.total_seconds()
    assert int(service()["TimeoutStopSec"][0]) >= drain + CLOSE_SECONDS


def test_credentials_of_drop_ins_match_the_configured_paths() -> None:
    given = {
        line.partition("=")[2].partition(":")[0]
        for drop_in in DROP_INS
        for line in drop_in.splitlines()
        if line.startswith("LoadCredential=")
    }
    wanted = re.findall(r'"/run/credentials/cellblock\.service/([^"]+)"', GUIDE.read_text())
    assert given == set(wanted) != set()


def test_paths_in_variables_match_the_unit_directories() -> None:
    of = {name: service()[name][0] for name in ("StateDirectory", "RuntimeDirectory")}
    state = environment()["CELLBLOCK_SERVER__STATE_DIR"]
    health = environment()["CELLBLOCK_SERVER__HEALTH_SOCKET"]
    assert state == f"/var/lib/{of['StateDirectory']}"
    assert Path(health).parent == Path(f"/run/{of['RuntimeDirectory']}")
