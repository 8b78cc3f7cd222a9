"""A process that uses a server of its own until it is killed: `python -m tests.support.owner`."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cellblock_client import Client
from cellblock_client.embedded import embedded_server


@contextmanager
def killed_owner(backend: str) -> Iterator[Path]:
    """Start an owner; yield its server's folder; kill the owner after the block."""
    with subprocess.Popen(
        [sys.executable, "-m", __name__, backend], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        try:
            yield Path(owner.stdout.readline().strip().removeprefix("unix:")).parent
        finally:
            owner.kill()


if __name__ == "__main__":
    with embedded_server(sys.argv[1]) as own, Client(own) as client:
        session = client.sessions.create()
        session.run("import subprocess; subprocess.Popen(['sleep', '3600'])")
        print(own, flush=True)  # noqa: T201 - what the test reads
        signal.pause()
