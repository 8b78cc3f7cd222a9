"""Ctrl-C during a transfer ends it, and leaves no half file: neither here nor there."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.unit.client.conftest import CONTENT, FileServer

CELLBLOCK = str(Path(sys.executable).parent / "cellblock")
INTERRUPTED = 130


@pytest.fixture
def stalled(files: FileServer) -> FileServer:
    """Whoever moves bytes waits after the first ones."""
    files.stalls = threading.Event()
    return files


def interrupted(files: FileServer, *arguments: str, cwd: Path) -> "tuple[int, str]":
    """The command's exit code and what it said, once it was stopped in the middle."""
    process = subprocess.Popen(
        # As a shell leaves it: tests may be run with interrupts ignored. Not by a function
        # after fork, which gRPC's threads in this process do not bear.
        ["env", "--default-signal=INT", CELLBLOCK, "files", "--address", files.address, *arguments],
        cwd=cwd,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdin is not None
    if "-" in arguments:
        os.write(process.stdin.fileno(), b"typed")
    assert files.stalled.wait(30)
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    # Its standard input stays open: it must not wait for that.
    said = process.stdout.read()
    code = process.wait(30)
    for stream in (process.stdin, process.stdout):
        stream.close()
    return code, said


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_download(stalled: FileServer, tmp_path: Path) -> None:
    code, said = interrupted(stalled, "download", "file-1", "a", cwd=tmp_path)
    assert (code, said) == (INTERRUPTED, "")
    assert names(tmp_path) == []


def test_a_download_over_a_file(stalled: FileServer, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("before")
    code, _said = interrupted(stalled, "download", "--force", "file-1", "a", cwd=tmp_path)
    assert (code, names(tmp_path)) == (INTERRUPTED, ["a"])
    assert (tmp_path / "a").read_text() == "before"


def test_an_upload(stalled: FileServer, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(CONTENT * 20)
    code, said = interrupted(stalled, "upload", "a", cwd=tmp_path)
    assert (code, said, stalled.stored) == (INTERRUPTED, "", {})


def test_an_upload_of_what_is_being_typed(stalled: FileServer, tmp_path: Path) -> None:
    code, said = interrupted(stalled, "upload", "--name", "a", "-", cwd=tmp_path)
    assert (code, said, stalled.stored) == (INTERRUPTED, "", {})
