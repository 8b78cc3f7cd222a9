"""Ctrl-C during a transfer ends the command and leaves no partial file on either side."""

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
    """Return a file server that stalls each transfer after its first bytes."""
    files.stalls = threading.Event()
    return files


def run_and_interrupt(files: FileServer, *arguments: str, cwd: Path) -> "tuple[int, str]":
    """Interrupt a command during its transfer; return its exit code and output."""
    process = subprocess.Popen(
        # Tests may run with interrupts ignored, but a shell starts commands with the default.
        # `preexec_fn` isn't used: gRPC's threads in this process don't survive it.
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
    # Standard input stays open: the command must not wait for its end.
    output = process.stdout.read()
    code = process.wait(30)
    for stream in (process.stdin, process.stdout):
        stream.close()
    return code, output


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_interrupted_download_leaves_no_file(stalled: FileServer, tmp_path: Path) -> None:
    code, output = run_and_interrupt(stalled, "download", "file-1", "a", cwd=tmp_path)
    assert (code, output) == (INTERRUPTED, "")
    assert names(tmp_path) == []


def test_interrupted_download_keeps_the_existing_file(stalled: FileServer, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("before")
    code, _output = run_and_interrupt(stalled, "download", "--force", "file-1", "a", cwd=tmp_path)
    assert (code, names(tmp_path)) == (INTERRUPTED, ["a"])
    assert (tmp_path / "a").read_text() == "before"


def test_interrupted_upload_stores_nothing(stalled: FileServer, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(CONTENT * 20)
    code, output = run_and_interrupt(stalled, "upload", "a", cwd=tmp_path)
    assert (code, output, stalled.stored) == (INTERRUPTED, "", {})


def test_interrupted_upload_from_standard_input_stores_nothing(
    stalled: FileServer, tmp_path: Path
) -> None:
    code, output = run_and_interrupt(stalled, "upload", "--name", "a", "-", cwd=tmp_path)
    assert (code, output, stalled.stored) == (INTERRUPTED, "", {})
