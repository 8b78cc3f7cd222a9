"""A server of the benchmark's own, and where its processes are on this machine."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from cellblock_client import Client
from cellblock_client.embedded import embedded_server

INSTANCE_LABEL = "dev.cellblock.instance"


@dataclass(frozen=True)
class Service:
    """A running server with its client."""

    client: Client
    server_pid: int
    instance: str

    def only_agent_pid(self) -> int:
        """The host's id of the agent, PID 1 of the one container that this server has."""
        label = f"label={INSTANCE_LABEL}={self.instance}"
        (container,) = docker("ps", "--quiet", "--filter", label).split()
        return int(docker("inspect", "--format", "{{.State.Pid}}", container))


@contextmanager
def service() -> Iterator[Service]:
    """Run a server with the docker backend; sessions and files are gone when the block is left."""
    with embedded_server("docker") as address, Client(address) as client:
        (server,) = (
            child
            for child in psutil.Process().children()
            if "cellblock_server.main" in child.cmdline()
        )
        folder = Path(address.removeprefix("unix:")).parent
        yield Service(client, server.pid, (folder / "state" / "instance").read_text())


def docker(*arguments: str, stdin: str = "") -> str:
    """What a docker command prints."""
    done = subprocess.run(
        ["docker", *arguments], check=True, stdout=subprocess.PIPE, text=True, input=stdin
    )
    return done.stdout.strip()
