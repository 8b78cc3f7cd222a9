"""Detection of files that are open for writing, and its effect on the process that asks."""

import errno
import fcntl
import mmap
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from cellblock_agent.files.writing import is_open_for_writing

HOST_DESCRIPTORS = 10**7
"""A host has more open files than a sandbox may have."""


@pytest.fixture(params=["disk", "memory"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    if request.param == "disk":
        yield tmp_path / "file"
        return
    # A tmpfs, like a sandbox's data directory.
    with TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder) / "file"


def is_open(path: Path) -> bool:
    with path.open("rb") as file:
        return is_open_for_writing(file.fileno(), HOST_DESCRIPTORS)


def test_a_writer_is_seen_until_it_closes(path: Path) -> None:
    with path.open("wb"):
        assert is_open(path)
    assert not is_open(path)
    assert not is_open(path)


def test_a_reader_is_no_writer(path: Path) -> None:
    path.write_bytes(b"1")
    with path.open("rb"):
        assert not is_open(path)


def test_a_writer_through_memory_is_seen(path: Path) -> None:
    path.write_bytes(b"1")
    with path.open("r+b") as file:
        mapped = mmap.mmap(file.fileno(), 1)
    with mapped:
        assert is_open(path)
    assert not is_open(path)


def test_what_is_no_file_is_not_open(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    try:
        assert not is_open_for_writing(reader)
    finally:
        os.close(reader)
        os.close(writer)


WRITER = """
import sys
with open(sys.argv[1], sys.argv[2]):
    print("open", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize(("mode", "seen"), [("wb", True), ("r+b", True), ("rb", False)])
def test_without_leases_processes_are_looked_at(
    path: Path, mode: str, seen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(b"1")

    def no_leases(_file: int, _command: int, _value: int) -> int:
        raise OSError(errno.EINVAL, "as gVisor answers")

    monkeypatch.setattr(fcntl, "fcntl", no_leases)
    holder = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), mode],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        assert is_open(path) is seen
        holder.communicate("\n")
    assert not is_open(path)


HOLDER = """
import fcntl, os, signal, sys
file = os.open(sys.argv[1], os.O_RDONLY)
real = fcntl.fcntl
def slow(descriptor, command, value):
    if (command, value) == (fcntl.F_SETLEASE, fcntl.F_UNLCK):
        print("held", flush=True)
        sys.stdin.readline()
    return real(descriptor, command, value)
fcntl.fcntl = slow
from cellblock_agent.files.writing import is_open_for_writing
is_open_for_writing(file)
print("alive", flush=True)
"""


def test_who_opens_the_file_at_the_wrong_moment_does_not_end_the_asker(path: Path) -> None:
    path.write_bytes(b"1")
    asker = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGIO, signal.SIG_DFL),
    )
    assert asker.stdin is not None
    assert asker.stdout is not None
    with asker:
        assert asker.stdout.readline() == "held\n"
        with pytest.raises(BlockingIOError):
            os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        asker.stdin.write("\n")
        asker.stdin.close()
        assert asker.stdout.readline() == "alive\n"
    assert asker.returncode == 0
