"""Sandboxes as containers of a Docker engine."""

from dataclasses import fields
from pathlib import Path

import structlog

from cellblock_server.backends.backend import Backend
from cellblock_server.backends.docker import cgroup
from cellblock_server.backends.docker.containers import (
    ContainerDetails,
    Containers,
    container_name,
)
from cellblock_server.backends.docker.engine import Engine
from cellblock_server.backends.docker.engine_watch import EngineTimings
from cellblock_server.backends.docker.options import Profiles, container_options
from cellblock_server.backends.docker.users import SandboxUsers
from cellblock_server.backends.sandbox import (
    AgentTransport,
    Capabilities,
    EgressHandler,
    EgressListener,
    Sandbox,
    SandboxEnd,
    SandboxInput,
    SandboxLimits,
    SandboxSpec,
    SandboxStats,
)
from cellblock_server.backends.shared_folder.agent_transport import connect_agent
from cellblock_server.backends.shared_folder.egress_socket import listen_for_egress
from cellblock_server.backends.shared_folder.folder import SandboxFolder
from cellblock_server.backends.shared_folder.inputs import link_input, unlink_input
from cellblock_server.common.errors import CellblockError, NotFoundError
from cellblock_server.common.uninterrupted import uninterrupted
from cellblock_server.upstream.docker_engine import fetch_engine_version

SOCKET_SHARE = 16
"""Divisor of a sandbox's memory for its socket buffers, where they do not count as memory."""
DEFAULT_USERS = (40000, 44095)
"""First and last user id of sandboxes."""

log = structlog.get_logger(__name__)


class DockerBackend(Backend):
    """Runs each sandbox as a hardened container; see `options.py` for what it may do.

    Speaks the Engine API over asyncio (aiodocker), so that no call holds up the event loop or waits
    for another call's connection. Its calls are in `containers.py`.
    """

    name = "docker"
    capabilities = Capabilities(
        enforced_limits=frozenset(field.name for field in fields(SandboxLimits)),
        links_inputs=True,
        outlives_server=True,
        egress=True,
    )

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
        """Whether the user ids of an earlier server's containers are known."""
        self._profiles: Profiles | None = None
        self._engine = Engine(timings or EngineTimings())
        self._containers = Containers(self._engine, instance)
        self._known: dict[str, ContainerDetails] = {}
        """Containers of sandboxes that this process has created or listed, and not destroyed."""
        self._warned = False
        """Whether the log says that socket buffers are not limited."""
        self._ours: set[str] = set()
        """Sandboxes that this process has created, is creating, or has adopted."""

    async def start(self) -> None:
        """Do nothing: the engine is looked for at each use until it is found."""

    async def close(self) -> None:
        """Close the connections to the engine. Containers keep running."""
        await self._engine.close()

    async def check(self) -> None:
        """Ask for the engine's version: the cheapest call that the engine proxy allows."""
        async with self._engine.client() as docker:
            await fetch_engine_version(docker)

    async def create(self, spec: SandboxSpec, token: str) -> Sandbox:
        """Create and start a container; see `Backend.create`."""
        self._ours.add(spec.id)
        try:
            folder = SandboxFolder.create(self._folders, spec.id, token)
        except BaseException:
            # The reaper removes what was created, as it has no owner.
            self._ours.discard(spec.id)
            raise
        try:
            # The engine continues when this task is cancelled: what it creates must be removable.
            self._known[spec.id] = await uninterrupted(self._run(spec, folder))
            self._limit_socket_buffers(spec)
        except BaseException:
            # Cancellation included: everything that exists by now is removed.
            await uninterrupted(self.destroy_quietly(spec.id))
            # The engine may be unavailable, so the container may stay; the folder is removed all
            # the same.
            folder.remove()
            raise
        return Sandbox(spec.id, spec.has_egress)

    async def connect(self, sandbox_id: str) -> AgentTransport:
        """Connect to the agent's socket; see `Backend.connect`."""
        first_pid = self._container(sandbox_id).first_pid
        return await connect_agent(self._folder(sandbox_id), first_pid)

    async def offer_input(self, sandbox_id: str, offered: SandboxInput) -> bool:
        """Link a file into the inputs; see `Backend.offer_input`."""
        return await link_input(self._folder(sandbox_id), offered)

    async def withdraw_input(self, sandbox_id: str, name: str) -> None:
        """Unlink a file of the inputs; see `Backend.withdraw_input`."""
        unlink_input(self._folder(sandbox_id), name)

    async def open_egress(self, sandbox_id: str, handler: EgressHandler) -> EgressListener:
        """Listen on a socket in the inputs; see `Backend.open_egress`."""
        return await listen_for_egress(self._folder(sandbox_id), handler)

    async def list(self) -> list[Sandbox]:
        """Return the running containers with our labels; see `Backend.list`."""
        return [
            sandbox
            for labelled in await self._containers.labelled()
            if labelled.name
            and labelled.sandbox_id not in self._ours
            and (sandbox := await self._adoptable(labelled.sandbox_id)) is not None
        ]

    def adopt(self, sandbox_id: str) -> None:
        """Own a container that was listed; see `Backend.adopt`."""
        self._ours.add(sandbox_id)

    async def reap(self) -> None:
        """Remove containers and folders that have no owner; see `Backend.reap`."""
        # A sandbox owned at the listing may be gone by now, and a new one may be listed.
        before = frozenset(self._ours)
        labelled = [found for found in await self._containers.labelled() if found.name]
        await self._note_users()
        # Others may be the operator's, or the file system's, such as `lost+found`.
        folders = [path.name for path in self._folders.glob("sbx_*")]
        ours = before | self._ours
        for container in labelled:
            is_named = container.name == container_name(container.sandbox_id)
            if container.sandbox_id not in ours or not is_named:
                await self._reap(container.name)
        # Users of containers that could not be removed are released the next time.
        found = {container.sandbox_id for container in labelled}
        self._users.release_all_but(found | self._ours)
        for left in set(folders) - ours:
            log.warning("sandbox_folder_reaped", sandbox_id=left)
            try:
                self._folder(left).remove()
            except CellblockError:
                # One that can't be removed must not keep the others.
                log.exception("sandbox_folder_not_reaped", sandbox_id=left)

    async def wait(self, sandbox_id: str) -> SandboxEnd:
        """Wait for the container's end; see `Backend.wait`."""
        return await self._containers.wait(sandbox_id)

    async def last_log(self, sandbox_id: str) -> str:
        """Return the end of the container's log; see `Backend.last_log`."""
        try:
            return await self._containers.log(sandbox_id)
        except CellblockError as error:
            log.info("sandbox_log_not_read", sandbox_id=sandbox_id, detail=str(error))
            return ""

    async def stats(self, sandbox_id: str) -> SandboxStats:
        """Return the engine's cgroup accounting; see `Backend.stats`."""
        return await self._containers.stats(sandbox_id)

    async def update(self, spec: SandboxSpec) -> None:
        """Change the container's cgroup; see `Backend.update`."""
        await self._containers.update(spec)
        self._limit_socket_buffers(spec)

    async def cpu_seconds(self, sandbox_id: str) -> float:
        """Return the CPU time from the container's cgroup; see `Backend.cpu_seconds`."""
        seconds = None
        if (container := self._known.get(sandbox_id)) is not None:
            seconds = cgroup.cpu_seconds(container.first_pid, container.id)
        return (await self.stats(sandbox_id)).cpu_seconds if seconds is None else seconds

    async def memory_bytes(self, sandbox_id: str) -> int | None:
        """Return the memory from the container's cgroup; see `Backend.memory_bytes`."""
        container = self._known.get(sandbox_id)
        return None if container is None else cgroup.memory_bytes(container.first_pid, container.id)

    async def destroy(self, sandbox_id: str) -> None:
        """Kill and remove the container and its folder; see `Backend.destroy`."""
        self._known.pop(sandbox_id, None)
        try:
            await self._containers.remove(container_name(sandbox_id))
            self._users.release_user(sandbox_id)
            self._folder(sandbox_id).remove()
        finally:
            # Even if it could not be removed, it has no owner from now on.
            self._ours.discard(sandbox_id)

    async def destroy_quietly(self, sandbox_id: str) -> None:
        """Destroy a sandbox after a failure that the caller gets already.

        A second failure is logged; the reaper tries again.
        """
        try:
            await self.destroy(sandbox_id)
        except (CellblockError, OSError):
            log.exception("sandbox_left_behind", sandbox_id=sandbox_id)

    def _folder(self, sandbox_id: str) -> SandboxFolder:
        return SandboxFolder(self._folders / sandbox_id)

    def _container(self, sandbox_id: str) -> ContainerDetails:
        container = self._known.get(sandbox_id)
        if container is None:
            raise NotFoundError("sandbox", sandbox_id)
        return container

    async def _run(self, spec: SandboxSpec, folder: SandboxFolder) -> ContainerDetails:
        """Create and start a container."""
        profiles = await self._known_profiles(spec)
        await self._note_users()
        options = container_options(
            spec,
            folder,
            self._instance,
            self._agent_arguments,
            profiles,
            self._users.take_user(spec.id),
        )
        return await self._containers.run(spec, options)

    def _limit_socket_buffers(self, spec: SandboxSpec) -> None:
        """Limit the socket buffers that cgroups version 1 does not count as memory."""
        container = self._known.get(spec.id)
        if container is None or spec.runtime:
            # A runtime chosen by name may implement sockets itself.
            return
        size = spec.limits.memory_bytes // SOCKET_SHARE
        limited = cgroup.limit_socket_buffers(container.first_pid, container.id, size)
        if not limited and not self._warned:
            self._warned = True
            log.warning(
                "socket_buffers_not_limited",
                hint="control groups version 1 do not count TCP and UDP buffers as memory, and "
                "only root on the engine's host may limit them: use version 2",
            )

    async def _reap(self, name: str) -> None:
        log.warning("sandbox_reaped", container=name)
        try:
            await self._containers.remove(name)
        except CellblockError:
            # A container that can't be removed must not keep the others.
            log.exception("sandbox_not_reaped", container=name)

    async def _note_users(self) -> None:
        """Find out, once, which user ids containers of an earlier server have."""
        if self._users_known:
            return
        for container in await self._containers.labelled():
            if container.user is not None:
                self._users.note_user(container.sandbox_id, container.user)
        self._users_known = True

    async def _known_profiles(self, spec: SandboxSpec) -> Profiles:
        """Return the security profiles that apply; the engine is asked once."""
        if self._profiles is None:
            async with self._engine.client(spec) as docker:
                engine = (await docker.system.info()).get("SecurityOptions") or []
            self._profiles = Profiles.where(engine, self._seccomp, self._apparmor)
        return self._profiles

    async def _adoptable(self, sandbox_id: str) -> Sandbox | None:
        container = await self._containers.find_container(sandbox_id)
        if container is None:  # removed since it was listed
            return None
        if not container.is_running:
            await self.destroy_quietly(sandbox_id)
            return None
        self._known[sandbox_id] = container
        return Sandbox(sandbox_id, container.has_egress)
