"""The systemd unit is one that systemd understands, and gives the server few rights."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cellblock_server.config import Settings
from tests.support.service_unit import UNIT, environment, service

MOST_EXPOSED = 15
"""Tenths, by `systemd-analyze security`: 100 is a service that was given no thought, and what
remains is a service that others can reach and that sees the processes of its host."""
CLOSE_SECONDS = 20
"""What closing takes after the calls have been given their time."""
GUIDE = UNIT.parents[1] / "docs" / "operate" / "systemd.md"
DROP_INS = re.findall(r"^```ini\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
"""What operators are told to add."""

pytestmark = pytest.mark.skipif(
    os.getuid() != 0 and shutil.which("systemd-analyze") is None,
    reason="systemd-analyze is not installed, and only root can (make test does it)",
)


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments], check=False, capture_output=True, text=True
    )


@pytest.mark.parametrize("number", range(-1, len(DROP_INS)))
def test_systemd_understands_all_of_it(tmp_path: Path, number: int) -> None:
    # It looks for the program and for what the unit is ordered after.
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
    told = [
        line
        for line in done.stderr.splitlines()
        if "cellblock.service" in line or "override.conf" in line
    ]
    assert (done.returncode, told) == (0, [])


def test_it_has_few_rights() -> None:
    done = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(UNIT))
    assert done.returncode == 0, done.stdout


def test_it_is_given_the_time_that_it_takes_to_stop() -> None:
    drain = Settings().server.drain_timeout.total_seconds()
    assert int(service()["TimeoutStopSec"][0]) >= drain + CLOSE_SECONDS


def test_what_it_is_handed_over_is_where_the_configuration_looks() -> None:
    given = {
        line.partition("=")[2].partition(":")[0]
        for drop_in in DROP_INS
        for line in drop_in.splitlines()
        if line.startswith("LoadCredential=")
    }
    wanted = re.findall(r'"/run/credentials/cellblock\.service/([^"]+)"', GUIDE.read_text())
    assert given == set(wanted) != set()


def test_its_variables_are_folders_that_it_has() -> None:
    of = {name: service()[name][0] for name in ("StateDirectory", "RuntimeDirectory")}
    state = environment()["CELLBLOCK_SERVER__STATE_DIR"]
    health = environment()["CELLBLOCK_SERVER__HEALTH_SOCKET"]
    assert state == f"/var/lib/{of['StateDirectory']}"
    assert Path(health).parent == Path(f"/run/{of['RuntimeDirectory']}")
