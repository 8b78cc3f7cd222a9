"""What the Docker engine says, by its own command line."""

import json
import subprocess
from typing import Any


def docker(*arguments: str) -> str:
    """Run a docker command; what it prints."""
    done = subprocess.run(["docker", *arguments], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def containers(state_instance: str) -> list[str]:
    """Names of a server's containers, running or not."""
    label = f"label=dev.cellblock.instance={state_instance}"
    return docker("ps", "--all", "--filter", label, "--format", "{{.Names}}").split()


def inspect(name: str) -> dict[str, Any]:
    """A container's details."""
    details: list[dict[str, Any]] = json.loads(docker("inspect", name))
    return details[0]
