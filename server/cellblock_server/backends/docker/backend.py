"""Sandboxes as containers of a Docker engine."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import aiodocker
import aiohttp
import structlog
from aiodocker.exceptions import DockerError

from cellblock_server.backends.backend import (
    LOG_CHARACTERS,
    Backend,
    Sandbox,
    SandboxEnd,
    SandboxSpec,
    SandboxStats,
)
from cellblock_server.backends.docker import cgroup
from cellblock_server.backends.docker.engine_watch import EngineTimings, EngineWatch
from cellblock_server.backends.docker.options import (
    EGRESS_LABEL,
    INSTANCE_LABEL,
    LABEL,
    USER_LABEL,
    Profiles,
    changeable_limits,
    container_options,
)
from cellblock_server.backends.docker.users import SandboxUsers
from cellblock_server.backends.folder import SandboxFolder
from cellblock_server.common.errors import (
    CellblockError,
    InternalError,
    NotFoundError,
    UnavailableError,
    WrongStateError,
)
from cellblock_server.common.uninterrupted import uninterrupted
from cellblock_server.upstream.docker_engine import fetch_engine_version, update_container

ENGINE_TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=5)
"""No engine call may hang for ever; `wait` alone has no bound of its own. An engine that says
nothing at all is found out sooner: see `engine_watch.py`."""
CANNOT_CONNECT = 900
"""What aiodocker gives as the status when there was no response."""
SOCKET_SHARE = 16
"""Where control groups do not count socket buffers as memory, they may be a part of it at most."""
DEFAULT_USERS = (40000, 44095)
"""First and last user id of sandboxes."""
NO_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=5)

LOG_LINES = 50
"""Of a container's log that are read when it did not start."""

log = structlog.get_logger(__name__)


class DockerBackend(Backend):
    """Makes one hardened container per sandbox; see `options.py` for what it may do.

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
        *,
        seccomp: str | None,
        apparmor: str = "",
        users: tuple[int, int] = DEFAULT_USERS,
        timings: EngineTimings | None = None,
    ) -> None:
        """Keep sandboxes' shared folders below `folders`, label containers with `instance`.

        Each container has a user id of its own, from the first to the last of `users`.

        `seccomp` is a profile as JSON, None for the engine's default. `apparmor` is a
        profile's name; empty is for the engine's own, where it has AppArmor.
        """
        self._folders = folders
        self._instance = instance
        self._agent_arguments = agent_arguments
        self._seccomp = seccomp
        self._apparmor = apparmor
        self._users = SandboxUsers(*users)
        self._users_known = False
        """Whether those of containers of an earlier server are known."""
        self._profiles: Profiles | None = None
        self._client: aiodocker.Docker | None = None
        self._watch = EngineWatch(timings or EngineTimings())
        self._first_processes: dict[str, tuple[int, str]] = {}
        """Of each container: its first process's id, and its own."""
        self._warned = False
        """Whether the log has that socket buffers are not limited."""
        self._ours: set[str] = set()
        """Sandboxes that this process has made, or begun to make, or adopted."""

    async def start(self) -> None:
        """Nothing to do: the engine is looked for at each use until it is found."""

    async def close(self) -> None:
        """Close the connections to the engine. Containers keep running."""
        await self._watch.close()
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def check(self) -> None:
        """Ask for its version: the cheapest call that the engine proxy lets through."""
        async with self._engine() as docker:
            await fetch_engine_version(docker)

    async def create(self, spec: SandboxSpec, token: str) -> Sandbox:
        """Create and start a container; see `Backend.create`."""
        self._ours.add(spec.id)
        try:
            folder = SandboxFolder.create(self._folders, spec.id, token)
        except BaseException:
            # What was made of it is removed as any that has no owner.
            self._ours.discard(spec.id)
            raise
        try:
            # The engine does not stop when we do: what it makes must be there to be removed.
            details = await uninterrupted(self._run(spec, folder))
            sandbox = self._sandbox(spec.id, folder, details)
            self._limit_socket_buffers(spec)
            return sandbox
        except BaseException:
            # Cancellation included: whatever exists by now goes.
            await uninterrupted(self.destroy_quietly(spec.id))
            # The engine may be away, and with it the container's end; not so the folder's.
            folder.remove()
            raise

    async def list(self) -> list[Sandbox]:
        """All running containers with our labels; see `Backend.list`."""
        async with self._engine() as docker:
            return [
                sandbox
                for sandbox_id, _name in await self._labelled(docker)
                if sandbox_id not in self._ours
                and (sandbox := await self._adoptable(docker, sandbox_id)) is not None
            ]

    def adopt(self, sandbox_id: str) -> None:
        """Spare a container that was found; see `Backend.adopt`."""
        self._ours.add(sandbox_id)

    async def reap(self) -> None:
        """Remove containers and folders that are nobody's; see `Backend.reap`."""
        # What was ours when they were listed may be gone by now, and what is new may be listed.
        before = frozenset(self._ours)
        async with self._engine() as docker:
            labelled = await self._labelled(docker)
            await self._note_users(docker)
        folders = [path.name for path in self._folders.glob("*")]
        ours = before | self._ours
        for sandbox_id, name in labelled:
            if sandbox_id not in ours or name != _container_name(sandbox_id):
                await self._reap(name)
        # Those that could not be removed are among these, and are released the next time.
        self._users.release_all_but({sandbox_id for sandbox_id, _name in labelled} | self._ours)
        for left in set(folders) - ours:
            log.warning("sandbox_folder_reaped", sandbox_id=left)
            SandboxFolder(self._folders / left).remove()

    async def wait(self, sandbox_id: str) -> SandboxEnd:
        """Wait for the container's end; see `Backend.wait`."""
        async with self._engine(may_last=True) as docker:
            container = docker.containers.container(_container_name(sandbox_id))
            try:
                await container.wait(timeout=NO_TIMEOUT)
                return _end((await container.show())["State"])
            except DockerError as error:
                if error.status == 404:
                    return SandboxEnd("was removed")
                raise

    async def last_log(self, sandbox_id: str) -> str:
        """The end of the container's log; see `Backend.last_log`."""
        try:
            async with self._engine() as docker:
                container = docker.containers.container(_container_name(sandbox_id))
                lines = await container.log(stdout=True, stderr=True, tail=LOG_LINES)
        except (CellblockError, DockerError) as error:
            log.info("sandbox_log_not_read", sandbox_id=sandbox_id, detail=str(error))
            return ""
        return "".join(lines)[-LOG_CHARACTERS:]

    async def stats(self, sandbox_id: str) -> SandboxStats:
        """What the engine's cgroup accounting says; see `Backend.stats`."""
        async with self._engine() as docker:
            container = docker.containers.container(_container_name(sandbox_id))
            try:
                samples = await container.stats(stream=False)
            except DockerError as error:
                if error.status == 404:
                    raise NotFoundError("sandbox", sandbox_id) from error
                raise
        if not samples:
            # It ended while the engine looked: what comes then is an answer without a body.
            raise NotFoundError("sandbox", sandbox_id)
        (sample,) = samples
        return SandboxStats(
            memory_bytes=int(sample["memory_stats"].get("usage", 0)),
            cpu_seconds=sample["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9,
            pids=int(sample["pids_stats"].get("current", 0)),
        )

    async def update(self, spec: SandboxSpec) -> None:
        """Change the container's cgroup; see `Backend.update`."""
        async with self._engine() as docker:
            try:
                await update_container(docker, _container_name(spec.id), changeable_limits(spec))
            except DockerError as error:
                if error.status == 404:
                    raise NotFoundError("sandbox", spec.id) from error
                raise
        self._limit_socket_buffers(spec)

    async def cpu_seconds(self, sandbox_id: str) -> float:
        """What the container's cgroup says; see `Backend.cpu_seconds`."""
        seconds = None
        if (first := self._first_processes.get(sandbox_id)) is not None:
            seconds = cgroup.cpu_seconds(*first)
        return (await self.stats(sandbox_id)).cpu_seconds if seconds is None else seconds

    async def memory_bytes(self, sandbox_id: str) -> int | None:
        """What the container's cgroup says; see `Backend.memory_bytes`."""
        first = self._first_processes.get(sandbox_id)
        return None if first is None else cgroup.memory_bytes(*first)

    async def destroy(self, sandbox_id: str) -> None:
        """Kill and remove the container and its folder; see `Backend.destroy`."""
        self._first_processes.pop(sandbox_id, None)
        try:
            await self._remove(_container_name(sandbox_id))
            self._users.release_user(sandbox_id)
            SandboxFolder(self._folders / sandbox_id).remove()
        finally:
            # What could not be removed is nobody's from now on.
            self._ours.discard(sandbox_id)

    async def destroy_quietly(self, sandbox_id: str) -> None:
        """Destroy after a failure that the caller is told of already.

        A second failure is logged; the reaper tries again.
        """
        try:
            await self.destroy(sandbox_id)
        except (CellblockError, OSError):
            log.exception("sandbox_left_behind", sandbox_id=sandbox_id)

    async def _run(self, spec: SandboxSpec, folder: SandboxFolder) -> dict[str, Any]:
        """Make and start a container; its details."""
        async with self._engine(spec) as docker:
            profiles = await self._known_profiles(docker)
            await self._note_users(docker)
            options = container_options(
                spec,
                folder,
                self._instance,
                self._agent_arguments,
                profiles,
                self._users.take_user(spec.id),
            )
            name = _container_name(spec.id)
            await docker.containers.create(options, name=name)
            # By its name from here on: the engine proxy lets no other containers be touched.
            container = docker.containers.container(name)
            await container.start()
            return await container.show()

    def _limit_socket_buffers(self, spec: SandboxSpec) -> None:
        """Bound what version 1 of control groups does not count as memory, if we may."""
        first = self._first_processes.get(spec.id)
        if first is None or spec.runtime:
            # A runtime that is asked for by name may have sockets of its own.
            return
        size = spec.limits.memory_bytes // SOCKET_SHARE
        if not cgroup.limit_socket_buffers(*first, size) and not self._warned:
            self._warned = True
            log.warning(
                "socket_buffers_not_limited",
                hint="control groups version 1 count no TCP and UDP buffers as memory, and only "
                "root on the engine's host may limit them: use version 2",
            )

    async def _remove(self, name: str) -> None:
        async with self._engine() as docker:
            try:
                await docker.containers.container(name).delete(force=True, v=True)
            except DockerError as error:
                # 404: gone. 409: another call is removing it right now.
                if error.status not in (404, 409):
                    raise

    async def _reap(self, name: str) -> None:
        log.warning("sandbox_reaped", container=name)
        try:
            await self._remove(name)
        except CellblockError:
            # One that can't be removed must not keep the others.
            log.exception("sandbox_not_reaped", container=name)

    async def _labelled(self, docker: aiodocker.Docker) -> Sequence[tuple[str, str]]:
        """Of all containers with our labels: the sandbox that each says to be, and its name."""
        filters = json.dumps({"label": [LABEL, f"{INSTANCE_LABEL}={self._instance}"]})
        return [
            (container["Labels"][LABEL], container["Names"][0].removeprefix("/"))
            for container in await docker.containers.list(filters=filters, all=True)
            # One that is being removed may have none any more.
            if container["Names"]
        ]

    async def _note_users(self, docker: aiodocker.Docker) -> None:
        """Find out once which user ids containers of an earlier server have."""
        if self._users_known:
            return
        filters = json.dumps({"label": [LABEL, f"{INSTANCE_LABEL}={self._instance}"]})
        for container in await docker.containers.list(filters=filters, all=True):
            labels = container["Labels"]
            if labels.get(USER_LABEL, "").isdecimal():
                self._users.note_user(labels[LABEL], int(labels[USER_LABEL]))
        self._users_known = True

    async def _known_profiles(self, docker: aiodocker.Docker) -> Profiles:
        """What applies on this engine, which is asked once: AppArmor does not come and go."""
        if self._profiles is None:
            engine = (await docker.system.info()).get("SecurityOptions") or []
            self._profiles = Profiles.where(engine, self._seccomp, self._apparmor)
        return self._profiles

    async def _adoptable(self, docker: aiodocker.Docker, sandbox_id: str) -> Sandbox | None:
        try:
            details = await docker.containers.container(_container_name(sandbox_id)).show()
        except DockerError as error:
            if error.status == 404:  # removed since it was listed
                return None
            raise
        if not details["State"]["Running"]:
            await self.destroy(sandbox_id)
            return None
        return self._sandbox(sandbox_id, SandboxFolder(self._folders / sandbox_id), details)

    def _sandbox(self, sandbox_id: str, folder: SandboxFolder, details: dict[str, Any]) -> Sandbox:
        self._first_processes[sandbox_id] = int(details["State"]["Pid"]), str(details["Id"])
        return _sandbox(sandbox_id, folder, details)

    @asynccontextmanager
    async def _engine(
        self, spec: SandboxSpec | None = None, *, may_last: bool = False
    ) -> AsyncIterator[aiodocker.Docker]:
        """The client, with its failures turned into ours; a silent engine is one of them.

        What `may_last` is waited for whatever the engine says meanwhile.
        """
        if self._client is None:
            try:
                self._client = aiodocker.Docker(timeout=ENGINE_TIMEOUT)
            except (AssertionError, ValueError) as error:
                # What aiodocker raises when it finds no socket and no DOCKER_HOST.
                raise _engine_down("no engine socket and no DOCKER_HOST") from error
        try:
            async with nullcontext() if may_last else self._watch.watching():
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
    words = f"exited with code {state.get('ExitCode')}{cause}"
    return SandboxEnd(words, out_of_memory, str(state.get("Error") or ""))


def _engine_down(detail: str) -> UnavailableError:
    return UnavailableError(
        "ENGINE_UNREACHABLE", "the Docker engine does not answer", detail=detail
    )


def _engine_refused(error: DockerError, spec: SandboxSpec | None) -> CellblockError:
    """Tell what the operator can mend from what is our fault."""
    if error.status == CANNOT_CONNECT:
        return _engine_down(error.message)
    if spec is not None and error.status == 404 and "image" in error.message.lower():
        return WrongStateError(
            "IMAGE_MISSING",
            f"the sandbox image {spec.image!r} is not on the engine; build it with `make image`",
        )
    if spec is not None and "apparmor" in error.message.lower():
        words = "the engine does not have the AppArmor profile of sandbox.apparmor"
        return WrongStateError("APPARMOR_MISSING", words, error.message)
    if spec is not None and "runtime" in error.message.lower():
        return WrongStateError(
            "RUNTIME_MISSING", f"the engine has no runtime {spec.runtime!r}", error.message
        )
    if error.status >= 500 or error.status == 0:
        return UnavailableError("ENGINE_FAILED", "the Docker engine failed", detail=error.message)
    return InternalError("ENGINE_REFUSED", "the Docker engine refused a call", error.message)
