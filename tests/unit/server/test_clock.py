"""The clock by which sessions expire: independent of changes of the wall clock."""

from datetime import timedelta
from pathlib import Path

import pytest

from cellblock_server.common import clock
from cellblock_server.common.clock import steady_clock
from tests.support.clocks import MIDNIGHT, Clocks

DAY = timedelta(days=1)


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_steady_clock_ignores_changes_of_the_wall_clock(jump: timedelta) -> None:
    clocks = Clocks()
    steady = clocks.steady
    clocks.passed = 60
    before = steady()
    clocks.set_by = jump
    assert steady() == before == MIDNIGHT + timedelta(minutes=1)
    assert steady.on_wall(before) == clocks.wall()


def test_deletions_are_due_by_both_clocks() -> None:
    clocks = Clocks()
    steady = clocks.steady
    clocks.set_by = DAY
    assert steady.earlier() == steady()
    clocks.set_by = -DAY
    assert steady.earlier() == clocks.wall()


def test_time_converts_to_the_same_wall_time_each_time() -> None:
    clocks = Clocks(set_by=timedelta(hours=1))
    times = set()
    for microseconds in range(-400, 400, 100):
        clocks.set_by = timedelta(hours=1, microseconds=microseconds)
        times.add(clocks.steady.on_wall(MIDNIGHT))
    assert times == {MIDNIGHT + timedelta(hours=1)}


def test_clock_change_between_two_servers_is_detected(tmp_path: Path) -> None:
    clocks = Clocks()
    first = steady_clock(tmp_path / "clock", clocks.wall)
    clocks.set_by = DAY
    second = steady_clock(tmp_path / "clock", clocks.wall)
    assert abs(second() - first()) < timedelta(minutes=1)


def test_steady_clock_starts_with_the_wall_clock_after_a_reboot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks = Clocks()
    steady_clock(tmp_path / "clock", clocks.wall)
    clocks.set_by = DAY
    monkeypatch.setattr(clock, "BOOT_ID", tmp_path / "boot_id")
    (tmp_path / "boot_id").write_text("another\n")
    steady = steady_clock(tmp_path / "clock", clocks.wall)
    assert abs(steady() - clocks.wall()) < timedelta(minutes=1)
    assert [path.name for path in tmp_path.glob("clock*")] == ["clock"]
