"""Both versions of control groups say who was killed for memory, and what the limit is."""

from pathlib import Path

import pytest

from cellblock_agent import memory


@pytest.fixture
def cgroup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    return tmp_path


def test_version_2(cgroup: Path) -> None:
    (cgroup / "memory.events").write_text("low 0\noom 3\noom_kill 2\n")
    (cgroup / "memory.max").write_text("1073741824\n")
    assert (memory.oom_kills(), memory.limit()) == (2, 2**30)


def test_version_1(cgroup: Path) -> None:
    (cgroup / "memory" / "memory.oom_control").write_text("under_oom 0\noom_kill 1\n")
    (cgroup / "memory" / "memory.limit_in_bytes").write_text("1048576\n")
    assert (memory.oom_kills(), memory.limit()) == (1, 2**20)


def test_no_limit_and_nobody_who_counts(cgroup: Path) -> None:
    (cgroup / "memory.max").write_text("max\n")
    (cgroup / "memory" / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    assert (memory.oom_kills(), memory.limit()) == (0, None)
