"""Calls of the Docker Engine about sandboxes' containers, which are addressed by name."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiodocker.exceptions import DockerError

from cellblock_server.backends.backend import LOG_CHARACTERS
from cellblock_server.backends.docker.engine import Engine
from cellblock_server.backends.docker.options import (
    EGRESS_LABEL,
    INSTANCE_LABEL,
    LABEL,
    USER_LABEL,
    changeable_limits,
)
from cellblock_server.backends.sandbox import SandboxEnd, SandboxSpec, SandboxStats
from cellblock_server.common.errors import NotFoundError
from cellblock_server.upstream.docker_engine import update_container

NO_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=5)

LOG_LINES = 50
"""Number of lines read of a container's log when it did not start."""


@dataclass(frozen=True)
class LabelledContainer:
    """A container with the labels of this server."""

    sandbox_id: str
    """Id of the sandbox, by its label."""
    name: str
    """Name; empty while it is being removed."""
    user: int | None
    """User id, if its labels have it."""


@dataclass(frozen=True)
class ContainerDetails:
    """A container of a sandbox, as the engine describes it."""

    id: str
    first_pid: int
    """Process id of its first process on the engine's host; 0 if it does not run."""
    is_running: bool
    has_egress: bool


class Containers:
    """The containers of this server's state. Every method raises what `Engine.client` does."""

    def __init__(self, engine: Engine, instance: str) -> None:
        """Find containers that are labelled with `instance`."""
        self._engine = engine
        self._instance = instance

    async def run(self, spec: SandboxSpec, options: dict[str, Any]) -> ContainerDetails:
        """Create and start a container."""
        async with self._engine.client(spec) as docker:
            name = container_name(spec.id)
            await docker.containers.create(options, name=name)
            # By name from here on: the engine proxy allows no access to other containers.
            container = docker.containers.container(name)
            await container.start()
            return _details(await container.show())

    async def find_container(self, sandbox_id: str) -> ContainerDetails | None:
        """Return a sandbox's container; None if there is none."""
        async with self._engine.client() as docker:
            try:
                container = docker.containers.container(container_name(sandbox_id))
                return _details(await container.show())
            except DockerError as error:
                if error.status == 404:
                    return None
                raise

    async def labelled(self) -> Sequence[LabelledContainer]:
        """Return all containers with our labels, whether they run or not."""
        filters = json.dumps({"label": [LABEL, f"{INSTANCE_LABEL}={self._instance}"]})
        async with self._engine.client() as docker:
            return [
                LabelledContainer(
                    container["Labels"][LABEL],
                    next(iter(container["Names"]), "").removeprefix("/"),
                    _user(container["Labels"]),
                )
                for container in await docker.containers.list(filters=filters, all=True)
            ]

    async def wait(self, sandbox_id: str) -> SandboxEnd:
        """Wait for a container's end; see `Backend.wait`."""
        async with self._engine.client(may_last=True) as docker:
            container = docker.containers.container(container_name(sandbox_id))
            try:
                await container.wait(timeout=NO_TIMEOUT)
                return _end((await container.show())["State"])
            except DockerError as error:
                if error.status == 404:
                    return SandboxEnd("was removed")
                raise

    async def log(self, sandbox_id: str) -> str:
        """Return the end of a container's log; see `Backend.last_log`."""
        async with self._engine.client() as docker:
            container = docker.containers.container(container_name(sandbox_id))
            lines = await container.log(stdout=True, stderr=True, tail=LOG_LINES)
        return "".join(lines)[-LOG_CHARACTERS:]

    async def stats(self, sandbox_id: str) -> SandboxStats:
        """Return the engine's cgroup accounting; see `Backend.stats`."""
        async with self._engine.client() as docker:
            container = docker.containers.container(container_name(sandbox_id))
            try:
                samples = await container.stats(stream=False)
            except DockerError as error:
                if error.status == 404:
                    raise NotFoundError("sandbox", sandbox_id) from error
                raise
        if not samples:
            # The container ended during the measurement: such a response has no body.
            raise NotFoundError("sandbox", sandbox_id)
        (sample,) = samples
        return SandboxStats(
            memory_bytes=int(sample["memory_stats"].get("usage", 0)),
            cpu_seconds=sample["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9,
            pids=int(sample["pids_stats"].get("current", 0)),
        )

    async def update(self, spec: SandboxSpec) -> None:
        """Change a container's limits; see `Backend.update`."""
        async with self._engine.client() as docker:
            try:
                await update_container(docker, container_name(spec.id), changeable_limits(spec))
            except DockerError as error:
                if error.status == 404:
                    raise NotFoundError("sandbox", spec.id) from error
                raise

    async def remove(self, name: str) -> None:
        """Kill and remove a container; an absent one is no error."""
        async with self._engine.client() as docker:
            try:
                await docker.containers.container(name).delete(force=True, v=True)
            except DockerError as error:
                # 404: gone. 409: another call is removing it right now.
                if error.status not in (404, 409):
                    raise


def container_name(sandbox_id: str) -> str:
    """Return the name of a sandbox's container."""
    return f"cellblock-{sandbox_id}"


def _details(shown: dict[str, Any]) -> ContainerDetails:
    return ContainerDetails(
        id=str(shown["Id"]),
        first_pid=int(shown["State"]["Pid"]),
        is_running=bool(shown["State"]["Running"]),
        has_egress=EGRESS_LABEL in shown["Config"]["Labels"],
    )


def _user(labels: dict[str, str]) -> int | None:
    label = labels.get(USER_LABEL, "")
    return int(label) if label.isdecimal() else None


def _end(state: dict[str, Any]) -> SandboxEnd:
    out_of_memory = bool(state.get("OOMKilled"))
    cause = " (out of memory)" if out_of_memory else ""
    words = f"exited with code {state.get('ExitCode')}{cause}"
    return SandboxEnd(words, out_of_memory, str(state.get("Error") or ""))
