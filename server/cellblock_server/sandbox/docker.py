"""Sandboxes as containers of a Docker engine."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiodocker
import aiohttp
import structlog
from aiodocker.containers import DockerContainer
from aiodocker.exceptions import DockerError

from cellblock_server.errors import (
    CellblockError,
    InternalError,
    NotFoundError,
    UnavailableError,
    WrongStateError,
)
from cellblock_server.sandbox.backend import (
    Backend,
    Sandbox,
    SandboxEnd,
    SandboxSpec,
    SandboxStats,
)
from cellblock_server.sandbox.docker_options import (
    EGRESS_LABEL,
    INSTANCE_LABEL,
    LABEL,
    container_options,
)
from cellblock_server.sandbox.folder import SandboxFolder

ENGINE_TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=5)
"""No engine call may hang for ever; `wait` alone has no bound of its own."""
CANNOT_CONNECT = 900
"""What aiodocker gives as the status when there was no response."""
NO_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=5)

log = structlog.get_logger(__name__)


class DockerBackend(Backend):
    """Makes one hardened container per sandbox; see `docker_options.py` for what it may do.

    Speaks the Engine API over asyncio (aiodocker), so that no call holds up the
    event loop or waits for another call's connection.
    """

    name = "docker"
    sessions_outlive_server = True

    def __init__(
        self,
        folders: Path,
        instance: str,
        agent_arguments: list[str],
    ) -> None:
        """Keep sandboxes' shared folders below `folders`, label containers with `instance`."""
        self._folders = folders
        self._instance = instance
        self._agent_arguments = agent_arguments
        self._client: aiodocker.Docker | None = None

    async def start(self) -> None:
        """Nothing to do: the engine is looked for at each use until it is found."""

    async def close(self) -> None:
        """Close the connections to the engine. Containers keep running."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def create(self, spec: SandboxSpec, token: str) -> Sandbox:
        """Create and start a container; see `Backend.create`."""
        folder = SandboxFolder.create(self._folders, spec.id, token)
        try:
            options = container_options(spec, folder, self._instance, self._agent_arguments)
            async with self._engine(spec) as docker:
                container = await docker.containers.create(options, name=_container_name(spec.id))
                await container.start()
                return _sandbox(spec.id, folder, await container.show())
        except BaseException:
            # Cancellation included: whatever exists by now goes.
            await asyncio.shield(self.destroy_quietly(spec.id))
            # The engine may be away, and with it the container's end; not so the folder's.
            folder.remove()
            raise

    async def list(self) -> list[Sandbox]:
        """All running containers with our labels; see `Backend.list`."""
        filters = json.dumps({"label": [LABEL, f"{INSTANCE_LABEL}={self._instance}"]})
        async with self._engine() as docker:
            containers = await docker.containers.list(filters=filters, all=True)
            return [
                sandbox
                for container in containers
                if (sandbox := await self._adoptable(container)) is not None
            ]

    async def wait(self, sandbox_id: str) -> SandboxEnd:
        """Wait for the container's end; see `Backend.wait`."""
        async with self._engine() as docker:
            container = docker.containers.container(_container_name(sandbox_id))
            try:
                await container.wait(timeout=NO_TIMEOUT)
                return _end((await container.show())["State"])
            except DockerError as error:
                if error.status == 404:
                    return SandboxEnd("removed")
                raise

    async def stats(self, sandbox_id: str) -> SandboxStats:
        """What the engine's cgroup accounting says; see `Backend.stats`."""
        async with self._engine() as docker:
            container = docker.containers.container(_container_name(sandbox_id))
            try:
                sample = (await container.stats(stream=False))[0]
            except DockerError as error:
                if error.status == 404:
                    raise NotFoundError("sandbox", sandbox_id) from error
                raise
        return SandboxStats(
            memory_bytes=int(sample["memory_stats"].get("usage", 0)),
            cpu_seconds=sample["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9,
            pids=int(sample["pids_stats"].get("current", 0)),
        )

    async def destroy(self, sandbox_id: str) -> None:
        """Kill and remove the container and its folder; see `Backend.destroy`."""
        async with self._engine() as docker:
            container = docker.containers.container(_container_name(sandbox_id))
            try:
                await container.delete(force=True, v=True)
            except DockerError as error:
                # 404: gone. 409: another call is removing it right now.
                if error.status not in (404, 409):
                    raise
        SandboxFolder(self._folders / sandbox_id).remove()

    async def destroy_quietly(self, sandbox_id: str) -> None:
        """Destroy after a failure that the caller is told of already.

        A second failure is logged; the reaper tries again at the next start.
        """
        try:
            await self.destroy(sandbox_id)
        except (CellblockError, OSError):
            log.exception("sandbox_left_behind", sandbox_id=sandbox_id)

    async def _adoptable(self, container: DockerContainer) -> Sandbox | None:
        try:
            details = await container.show()
        except DockerError as error:
            if error.status == 404:  # removed since it was listed
                return None
            raise
        sandbox_id = str(details["Config"]["Labels"][LABEL])
        if not details["State"]["Running"]:
            await self.destroy(sandbox_id)
            return None
        return _sandbox(sandbox_id, SandboxFolder(self._folders / sandbox_id), details)

    @asynccontextmanager
    async def _engine(self, spec: SandboxSpec | None = None) -> AsyncIterator[aiodocker.Docker]:
        """The client, with its failures turned into ours."""
        if self._client is None:
            try:
                self._client = aiodocker.Docker(timeout=ENGINE_TIMEOUT)
            except (AssertionError, ValueError) as error:
                # What aiodocker raises when it finds no socket and no DOCKER_HOST.
                raise _engine_down("no engine socket and no DOCKER_HOST") from error
        try:
            yield self._client
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _engine_down(str(error) or type(error).__name__) from error
        except DockerError as error:
            raise _engine_refused(error, spec) from error


def _container_name(sandbox_id: str) -> str:
    return f"cellblock-{sandbox_id}"


def _sandbox(sandbox_id: str, folder: SandboxFolder, details: dict[str, Any]) -> Sandbox:
    return Sandbox(
        id=sandbox_id,
        agent_folder=folder.agent,
        inputs_folder=folder.inputs,
        first_pid=int(details["State"]["Pid"]),
        has_egress=EGRESS_LABEL in details["Config"]["Labels"],
    )


def _end(state: dict[str, Any]) -> SandboxEnd:
    out_of_memory = bool(state.get("OOMKilled"))
    cause = " (out of memory)" if out_of_memory else ""
    error = f": {state['Error']}" if state.get("Error") else ""
    return SandboxEnd(f"exited with code {state.get('ExitCode')}{cause}{error}", out_of_memory)


def _engine_down(detail: str) -> UnavailableError:
    return UnavailableError("ENGINE_UNREACHABLE", f"the Docker engine does not answer: {detail}")


def _engine_refused(error: DockerError, spec: SandboxSpec | None) -> CellblockError:
    """Tell what the operator can mend from what is our fault."""
    if error.status == CANNOT_CONNECT:
        return _engine_down(error.message)
    if spec is not None and error.status == 404 and "image" in error.message.lower():
        return WrongStateError(
            "IMAGE_MISSING",
            f"the sandbox image {spec.image!r} is not on the engine; build it with `make image`",
        )
    if spec is not None and "runtime" in error.message.lower():
        return WrongStateError(
            "RUNTIME_MISSING", f"the engine has no runtime {spec.runtime!r}: {error.message}"
        )
    if error.status >= 500 or error.status == 0:
        return UnavailableError("ENGINE_FAILED", f"the Docker engine failed: {error.message}")
    return InternalError("ENGINE_REFUSED", f"the Docker engine refused a call: {error.message}")
