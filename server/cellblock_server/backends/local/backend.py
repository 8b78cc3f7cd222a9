"""Sandboxes as processes of this machine, for a laptop without an engine. Trusted code only.

With bubblewrap the agent has its own namespaces: no network, no other processes, the system
read-only, and of the user's files only the interpreter's. Without it the agent is a plain child
process with all rights of the user. Memory, CPU and folder sizes are not limited either way.
"""

import asyncio
import os
import resource
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import psutil
import structlog

from cellblock_server.backends.backend import LOG_CHARACTERS, Backend
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
from cellblock_server.backends.shared_folder.folder import SandboxFolder
from cellblock_server.backends.shared_folder.inputs import link_input, unlink_input
from cellblock_server.common.disk import disk_errors_translated
from cellblock_server.common.errors import (
    CellblockError,
    NotFoundError,
    UnavailableError,
    WrongStateError,
)
from cellblock_server.common.removal import remove_tree

LOG = "agent.log"
"""Name of the agent's log file in its sandbox's folder: code inside can't see it."""
STOP_SECONDS = 5
"""Time in which an agent may end its kernel; then it is killed."""
SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/fonts", "/etc/ssl")
LOUD = """\
###############################################################################
#  LOCAL BACKEND: code runs on this machine{how}.
#  It is for trusted code only: use the docker backend for what a model wrote.
###############################################################################
"""

log = structlog.get_logger(__name__)


class LocalBackend(Backend):
    """Runs each sandbox as a child process. Sessions end with the server."""

    name = "local"
    capabilities = Capabilities(
        enforced_limits=frozenset({"open_files", "file_bytes"}),
        links_inputs=True,
        outlives_server=False,
        egress=False,
    )

    def __init__(self, folders: Path, agent_arguments: list[str]) -> None:
        """Keep sandboxes' folders below `folders`."""
        self._folders = folders
        self._agent_arguments = agent_arguments
        self._bubblewrap = shutil.which("bwrap")
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._kernel_folders: dict[str, Path] = {}

    async def start(self) -> None:
        """Warn, and remove what a killed server left."""
        how = ", in namespaces of its own" if self._bubblewrap else " with all your rights"
        sys.stderr.write(LOUD.format(how=how))
        try:
            await asyncio.to_thread(remove_tree, self._folders)
        except OSError:
            # New sandboxes have names of their own: nothing of it is in their way.
            log.exception("sandbox_folders_left_behind", folder=str(self._folders))

    async def close(self) -> None:
        """End all sandboxes."""
        for sandbox_id in {*self._processes, *self._kernel_folders}:
            try:
                await self.destroy(sandbox_id)
            except (CellblockError, OSError):
                # One that can't be removed must not keep the others.
                log.exception("sandbox_left_behind", sandbox_id=sandbox_id)

    async def check(self) -> None:
        """Do nothing: sandboxes are processes; see `Backend.check`."""

    async def create(self, spec: SandboxSpec, token: str) -> Sandbox:
        """Start an agent; see `Backend.create`."""
        folder = SandboxFolder.create(self._folders, spec.id, token)
        try:
            command, environment = self._command(spec, folder)
            with (folder.path / LOG).open("wb") as agent_log:
                process = await asyncio.create_subprocess_exec(
                    *command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=agent_log,
                    stderr=agent_log,
                    cwd=folder.path,
                    env=environment,
                    start_new_session=True,
                )
        except BaseException as error:
            # Cancellation included. No process uses the folders: one that was begun is ended.
            try:
                self._remove_folders(spec.id)
            except CellblockError:
                log.exception("sandbox_left_behind", sandbox_id=spec.id)
            if not isinstance(error, OSError):
                raise
            raise UnavailableError(
                "SANDBOX_START_FAILED", "no process", detail=str(error)
            ) from error
        self._processes[spec.id] = process
        return Sandbox(spec.id)

    async def connect(self, sandbox_id: str) -> AgentTransport:
        """Connect to the agent's socket; see `Backend.connect`."""
        process = self._process(sandbox_id)
        # Only the kernel could tell the process id of bubblewrap's child.
        first_pid = None if self._bubblewrap else process.pid
        return await connect_agent(self._folder(sandbox_id), first_pid)

    async def offer_input(self, sandbox_id: str, offered: SandboxInput) -> bool:
        """Link a file into the inputs; see `Backend.offer_input`."""
        return await link_input(self._folder(sandbox_id), offered)

    async def withdraw_input(self, sandbox_id: str, name: str) -> None:
        """Unlink a file of the inputs; see `Backend.withdraw_input`."""
        unlink_input(self._folder(sandbox_id), name)

    async def open_egress(self, sandbox_id: str, handler: EgressHandler) -> EgressListener:
        """Raise WrongStateError: there is no egress; see `Backend.open_egress`."""
        self._process(sandbox_id)
        raise WrongStateError("EGRESS_UNAVAILABLE", "the local backend has no egress")

    async def list(self) -> list[Sandbox]:
        """Return an empty list: sandboxes do not outlive their server."""
        return []

    def adopt(self, sandbox_id: str) -> None:
        """Do nothing: there is no sandbox to adopt."""

    async def reap(self) -> None:
        """Do nothing: the start removes what an earlier server left."""

    async def wait(self, sandbox_id: str) -> SandboxEnd:
        """Wait for the agent's end; see `Backend.wait`."""
        process = self._processes.get(sandbox_id)
        if process is None:
            return SandboxEnd("was removed")
        return SandboxEnd(f"exited with code {await process.wait()}")

    async def last_log(self, sandbox_id: str) -> str:
        """Return the end of the agent's log file; see `Backend.last_log`."""
        try:
            with (self._folders / sandbox_id / LOG).open("rb") as agent_log:
                agent_log.seek(0, os.SEEK_END)
                agent_log.seek(max(0, agent_log.tell() - LOG_CHARACTERS))
                return agent_log.read(LOG_CHARACTERS).decode(errors="replace")
        except OSError:
            return ""

    async def stats(self, sandbox_id: str) -> SandboxStats:
        """Return the resources that its processes use together; see `Backend.stats`."""
        return await asyncio.to_thread(_stats, self._process(sandbox_id).pid, sandbox_id)

    async def update(self, spec: SandboxSpec) -> None:
        """Change nothing: these limits are not enforced here; see `Backend.update`."""
        self._process(spec.id)

    async def cpu_seconds(self, sandbox_id: str) -> float:
        """Return the CPU time of its running processes; see `Backend.cpu_seconds`."""
        return (await self.stats(sandbox_id)).cpu_seconds

    async def memory_bytes(self, sandbox_id: str) -> int | None:
        """Return the memory of its processes; see `Backend.memory_bytes`."""
        try:
            return (await self.stats(sandbox_id)).memory_bytes
        except NotFoundError:
            return None

    async def destroy(self, sandbox_id: str) -> None:
        """End the agent with all its processes, and remove its folder."""
        process = self._processes.pop(sandbox_id, None)
        if process is not None and process.returncode is None:
            # Bubblewrap forwards no signals; killing it ends its namespace.
            process.send_signal(signal.SIGKILL if self._bubblewrap else signal.SIGTERM)
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        await asyncio.to_thread(self._remove_folders, sandbox_id)

    def _remove_folders(self, sandbox_id: str) -> None:
        """Remove what a sandbox has on the disk. Raises UnavailableError; may be repeated."""
        try:
            self._folder(sandbox_id).remove()
        finally:
            kernel = self._kernel_folders.get(sandbox_id)
            if kernel is not None:
                with disk_errors_translated("the folder of a kernel"):
                    remove_tree(kernel)
                self._kernel_folders.pop(sandbox_id, None)

    def _process(self, sandbox_id: str) -> asyncio.subprocess.Process:
        process = self._processes.get(sandbox_id)
        if process is None:
            raise NotFoundError("sandbox", sandbox_id)
        return process

    def _folder(self, sandbox_id: str) -> SandboxFolder:
        return SandboxFolder(self._folders / sandbox_id)

    def _command(
        self, spec: SandboxSpec, folder: SandboxFolder
    ) -> tuple[Sequence[str], Mapping[str, str]]:
        for name in ("data", "home", "tmp"):
            (folder.path / name).mkdir()
        agent = [*_limited(spec.limits), sys.executable, "-I", "-m", "cellblock_agent"]
        # Without control groups priorities apply to the whole machine: on a busy machine, a kernel
        # with the lowest priority would not even start in time.
        agent += [*self._agent_arguments, "--kernel-niceness=0"]
        agent.append(f"--preload={','.join(spec.preload)}")
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
        if self._bubblewrap:
            environment["HOME"] = "/home/sandbox"
            return [self._bubblewrap, *_walls(folder), "--", *agent], environment
        environment |= {"HOME": str(folder.path / "home"), "TMPDIR": str(folder.path / "tmp")}
        # A Unix socket's path has at most 107 bytes: the run folder is named from the working
        # directory, and the kernel's sockets have a folder near the root.
        kernel = self._kernel_folders[spec.id] = Path(tempfile.mkdtemp(prefix="cellblock-"))
        paths = [
            "--run-dir=agent",
            f"--data-dir={folder.path / 'data'}",
            f"--inputs-dir={folder.inputs}",
            f"--kernel-dir={kernel}",
        ]
        return [*agent, *paths], environment


def _walls(folder: SandboxFolder) -> list[str]:
    """Return bubblewrap's arguments; see bwrap(1)."""
    walls = ["--unshare-all", "--die-with-parent", "--as-pid-1", "--proc", "/proc", "--dev", "/dev"]
    walls += ["--tmpfs", "/tmp", "--tmpfs", "/run/kernel", "--tmpfs", "/home/sandbox"]  # noqa: S108
    for path in SYSTEM:
        walls += ["--ro-bind-try", path, path]
    for path in _python_folders():
        walls += ["--ro-bind", path, path]
    walls += ["--bind", str(folder.path / "data"), "/mnt/data"]
    walls += ["--ro-bind", str(folder.inputs), "/mnt/inputs"]
    walls += ["--bind", str(folder.agent), "/run/cellblock", "--chdir", "/mnt/data"]
    return walls


def _python_folders() -> list[str]:
    """Return the interpreter's folders that are not inside the system's folders."""
    folders = {sys.prefix, sys.base_prefix}
    for package in ("cellblock_agent", "cellblock"):
        spec = find_spec(package)
        if spec is not None:
            folders |= {str(Path(place).parent) for place in spec.submodule_search_locations or ()}
    # Outer folders first: an inner one is part of it then.
    return sorted(path for path in folders if not f"{path}/".startswith("/usr/"))


def _limited(limits: SandboxLimits) -> list[str]:
    """Return a command prefix that applies these limits; see prlimit(1)."""
    command = ["prlimit", "--core=0"]
    for name, kind, value in (
        ("nofile", resource.RLIMIT_NOFILE, limits.open_files),
        ("fsize", resource.RLIMIT_FSIZE, limits.file_bytes),
    ):
        hard = resource.getrlimit(kind)[1]
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        command.append(f"--{name}={most}")
    return command


def _stats(pid: int, sandbox_id: str) -> SandboxStats:
    try:
        agent = psutil.Process(pid)
        processes = [agent, *agent.children(recursive=True)]
    except psutil.NoSuchProcess as error:
        raise NotFoundError("sandbox", sandbox_id) from error
    memory, seconds, count = 0, 0.0, 0
    for process in processes:
        try:
            with process.oneshot():
                times = process.cpu_times()
                memory += process.memory_info().rss
                seconds += times.user + times.system
                count += process.num_threads()
        except psutil.NoSuchProcess:
            continue  # ended since it was listed
    return SandboxStats(memory_bytes=memory, cpu_seconds=seconds, pids=count)
