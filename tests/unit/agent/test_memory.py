"""Both versions of control groups report kills for memory and the limit."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cellblock_agent.processes import memory
from cellblock_agent.processes.memory_watch import HEADROOM_BYTES, MemoryWatch
from cellblock_agent.processes.reaper import list_descendants


@pytest.fixture
def cgroup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    return tmp_path


def test_version_2(cgroup: Path) -> None:
    (cgroup / "memory.events").write_text("low 0\noom 3\noom_kill 2\n")
    (cgroup / "memory.max").write_text("1073741824\n")
    assert (memory.count_oom_kills(), memory.read_memory_limit()) == (2, 2**30)


def test_version_1(cgroup: Path) -> None:
    (cgroup / "memory" / "memory.oom_control").write_text("under_oom 0\noom_kill 1\n")
    (cgroup / "memory" / "memory.limit_in_bytes").write_text("1048576\n")
    assert (memory.count_oom_kills(), memory.read_memory_limit()) == (1, 2**20)


def test_an_unlimited_group_without_a_counter(cgroup: Path) -> None:
    (cgroup / "memory.max").write_text("max\n")
    (cgroup / "memory" / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    assert (memory.count_oom_kills(), memory.read_memory_limit()) == (0, None)


def test_what_is_left_of_a_sandbox_with_a_kernel_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "PROC", tmp_path)
    (tmp_path / "meminfo").write_text(
        "MemTotal:        1000 kB\nMemFree: 5 kB\nCached: 900 kB\nAnonPages: 400 kB\n"
    )
    assert memory.read_free_bytes() == 600 * 1024


def test_the_watch_is_needed_only_without_a_control_group(cgroup: Path) -> None:
    assert MemoryWatch(2**28, set).is_needed
    assert not MemoryWatch(0, set).is_needed
    (cgroup / "memory.max").write_text("1048576\n")
    watch = MemoryWatch(2**28, set)
    assert (watch.is_needed, watch.limit) == (False, 2**28)


def test_the_watch_ends_the_largest_process(cgroup: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = [HEADROOM_BYTES, 2**30]
    monkeypatch.setattr(memory, "read_free_bytes", lambda: left.pop(0))
    code = "import sys; x = bytearray(int(sys.argv[1])); print(); sys.stdin.read()"
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(size)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for size in (1, 2**25)
    ]
    small, large = children
    with small, large:
        for child in children:
            assert child.stdout is not None
            child.stdout.readline()
        watch = MemoryWatch(2**28, lambda: list_descendants() - {small.pid, large.pid})
        asyncio.run(watch._look())
        assert large.wait() == -signal.SIGKILL
        assert small.poll() is None
        assert watch.kills == 1
        small.communicate()
