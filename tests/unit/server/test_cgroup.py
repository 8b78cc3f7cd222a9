"""CPU time is read from the container's own control group, or not at all."""

from pathlib import Path

import pytest

from cellblock_server.backends.docker.cgroup import (
    SOCKET_BUFFERS,
    cpu_seconds,
    limit_socket_buffers,
)

CONTAINER = "0123abcd"


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "proc" / "7").mkdir(parents=True)
    return tmp_path / "proc"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize("controllers", ["cpuacct", "cpu,cpuacct"])
def test_version_1(proc: Path, tmp_path: Path, controllers: str) -> None:
    write(
        proc / "7" / "cgroup", f"5:memory:/docker/{CONTAINER}\n4:{controllers}:/docker/0123abcd\n"
    )
    write(tmp_path / "cpuacct" / "docker" / CONTAINER / "cpuacct.usage", "2500000000\n")
    assert cpu_seconds(7, CONTAINER, proc, tmp_path) == 2.5


def test_version_2(proc: Path, tmp_path: Path) -> None:
    write(proc / "7" / "cgroup", f"0::/system.slice/docker-{CONTAINER}.scope\n")
    stat = tmp_path / "system.slice" / f"docker-{CONTAINER}.scope" / "cpu.stat"
    write(stat, "nr_periods 0\nusage_usec 1500000\nuser_usec 1\n")
    assert cpu_seconds(7, CONTAINER, proc, tmp_path) == 1.5


def test_socket_buffers_are_limited_with_version_1(proc: Path, tmp_path: Path) -> None:
    write(proc / "7" / "cgroup", f"5:memory:/docker/{CONTAINER}\n0::/docker/{CONTAINER}\n")
    assert not limit_socket_buffers(7, CONTAINER, 1000, proc, tmp_path)
    limit = tmp_path / "memory" / "docker" / CONTAINER / SOCKET_BUFFERS
    write(limit, "9223372036854771712")
    assert limit_socket_buffers(7, CONTAINER, 1000, proc, tmp_path)
    assert limit.read_text() == "1000"


def test_socket_buffers_count_as_memory_with_version_2(proc: Path, tmp_path: Path) -> None:
    write(proc / "7" / "cgroup", f"0::/system.slice/docker-{CONTAINER}.scope\n")
    assert limit_socket_buffers(7, CONTAINER, 1000, proc, tmp_path)


def test_socket_buffers_of_what_can_not_be_seen_are_not_limited(proc: Path, tmp_path: Path) -> None:
    write(proc / "7" / "cgroup", "0::/\n")
    assert not limit_socket_buffers(7, CONTAINER, 1000, proc, tmp_path)


@pytest.mark.parametrize(
    "cgroup",
    [
        "",
        "0::/\n",
        "4:cpuacct:/\n",
        # The number is another process's by now.
        "4:cpuacct:/docker/4567\n",
        # In a group that can't be seen from here.
        f"4:cpuacct:/docker/{CONTAINER}\n",
    ],
)
def test_what_can_not_be_seen_is_not_guessed(proc: Path, tmp_path: Path, cgroup: str) -> None:
    write(proc / "7" / "cgroup", cgroup)
    write(tmp_path / "cpuacct" / "cpuacct.usage", "1")
    write(tmp_path / "cpuacct" / "docker" / "4567" / "cpuacct.usage", "1")
    assert cpu_seconds(7, CONTAINER, proc, tmp_path) is None
    assert cpu_seconds(8, CONTAINER, proc, tmp_path) is None
