"""A Docker Engine of the test, which it can stop, kill and start again."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.disk import small_disk
from tests.support.waiting import until

START_SECONDS = 60
MOST_BYTES = 4 * 2**30


class OwnEngine:
    """A dockerd without network, whose data are in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.host = f"unix://{folder / 'docker.sock'}"

    def start(self, *, live_restore: bool) -> None:
        """Start it; with `live_restore` containers outlive it."""
        folder = self._folder
        with (folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    # With `--bridge=none` it removes the bridge that it finds: another engine's.
                    "unshare",
                    "--net",
                    "dockerd",
                    f"--host={self.host}",
                    f"--data-root={folder / 'data'}",
                    f"--exec-root={folder / 'exec'}",
                    f"--pidfile={folder / 'pid'}",
                    f"--live-restore={str(live_restore).lower()}",
                    "--bridge=none",
                    "--iptables=false",
                    "--ip6tables=false",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(self._answers, START_SECONDS)

    def stop(self) -> None:
        """Stop the engine, as an operator does."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(START_SECONDS)

    def freeze(self) -> None:
        """Stop the process with a signal, so that it answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def docker(self, *arguments: str) -> str:
        """Run a docker command and return its output."""
        done = subprocess.run(
            ["docker", "--host", self.host, *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def take_image(self, name: str) -> None:
        """Copy an image from the engine that all tests use."""
        with subprocess.Popen(["docker", "save", name], stdout=subprocess.PIPE) as saved:
            subprocess.run(
                ["docker", "--host", self.host, "load", "--quiet"],
                stdin=saved.stdout,
                stdout=subprocess.DEVNULL,
                check=True,
            )

    def end(self) -> None:
        """Remove the engine with all its data."""
        if self._process is not None and self._process.poll() is None:
            self.thaw()
            for name in self.docker("ps", "--all", "--quiet").split():
                self.docker("rm", "--force", name)
            self.stop()
        mounts = Path("/proc/self/mounts").read_text().splitlines()
        for mount in (line.split()[1] for line in mounts):
            if mount.startswith(f"{self._folder}/"):
                subprocess.run(["umount", "--lazy", mount], check=True)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "log").read_text()[-2000:]
        asked = subprocess.run(
            ["docker", "--host", self.host, "version"], capture_output=True, check=False
        )
        return asked.returncode == 0


@contextmanager
def own_engine(image: str) -> Iterator[OwnEngine]:
    """Start an engine that has an image; skip the test if that is not possible."""
    if os.geteuid() != 0 or shutil.which("dockerd") is None:
        pytest.skip("needs dockerd, and root to start it")
    with (
        # Unix sockets' paths have at most 107 bytes, which pytest's folders may exceed.
        tempfile.TemporaryDirectory(prefix="cb-") as short,
        # In memory: an image is half a gigabyte.
        small_disk(Path(short) / "own", MOST_BYTES) as disk,
    ):
        engine = OwnEngine(disk)
        try:
            engine.start(live_restore=True)
            engine.take_image(image)
            yield engine
        finally:
            engine.end()
