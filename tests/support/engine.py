"""Calls to Docker Engine through its command line."""

import json
import subprocess
from typing import Any

GONE = ("already in progress", "No such container")
"""Messages of Docker Engine about containers that are being removed, or are gone."""
PAUSES = 10
"""Maximum number of attempts to pause a container."""


def docker(*arguments: str) -> str:
    """Run a docker command and return its output."""
    done = _run(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def pause(container: str) -> None:
    """Pause a container.

    On a busy machine runc gives up on control groups (v1) whose processes do not stop in time,
    and lets them go on.
    """
    for _ in range(PAUSES):
        done = _run("pause", container)
        if done.returncode == 0:
            return
        assert "unable to freeze" in done.stderr, done.stderr
    raise AssertionError(done.stderr)


def _run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["docker", *arguments], check=False, capture_output=True, text=True)


def containers(state_instance: str) -> list[str]:
    """Return the names of a server's containers, running or not."""
    label = f"label=dev.cellblock.instance={state_instance}"
    return docker("ps", "--all", "--filter", label, "--format", "{{.Names}}").split()


def remove_containers(state_instance: str) -> None:
    """Remove all containers of a server that has ended, with their volumes."""
    while names := containers(state_instance):
        done = _run("rm", "--force", "--volumes", *names)
        # The engine may be about to remove one for a server that was killed.
        gone = all(any(word in line for word in GONE) for line in done.stderr.splitlines())
        assert done.returncode == 0 or gone, done.stderr


def inspect(name: str) -> dict[str, Any]:
    """Return a container's details."""
    details: list[dict[str, Any]] = json.loads(docker("inspect", name))
    return details[0]
