"""Assembly of the agent: creates its parts, runs them and stops them."""

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import grpc

from cellblock.agent.v1 import agent_pb2_grpc
from cellblock_agent.contexts.interpreter import START_ATTEMPTS, Interpreter
from cellblock_agent.egress import SOCKET, EgressPort
from cellblock_agent.files.aliases import Aliases
from cellblock_agent.files.changes import ChangeTracker
from cellblock_agent.files.data_folder import DataFolder
from cellblock_agent.files.file_watch import FileWatch
from cellblock_agent.files.input_copies import InputCopies
from cellblock_agent.files.unpacking import Unpacker
from cellblock_agent.kernel.forkserver_client import (
    ForkServerClient,
    ForkServerError,
    ForkServerProcess,
)
from cellblock_agent.kernel.kernel import KernelStartError
from cellblock_agent.kernel.options import KernelSettings
from cellblock_agent.options import Options
from cellblock_agent.orphan import OrphanClock
from cellblock_agent.output.journal import Journal
from cellblock_agent.processes import confinement
from cellblock_agent.processes.helpers import Helpers
from cellblock_agent.processes.memory_watch import MemoryWatch
from cellblock_agent.processes.own_process import is_pid_one, wait_for_termination
from cellblock_agent.processes.reaper import Reaper, kill_descendants
from cellblock_agent.service import AgentService
from cellblock_agent.supervision import keep_running
from cellblock_agent.timings import Timings
from cellblock_agent.token_check import TokenInterceptor

MAX_RECEIVE_BYTES = 4 * 2**20
MAX_SEND_BYTES = 64 * 2**20
WORKERS = 4
"""Number of threads that read and write files."""
SOCKET_MODE = 0o666
"""Mode of the agent's socket; the directory on the host admits only the server."""

log = logging.getLogger(__name__)


def run_agent(options: Options, token: str, spawned: ForkServerProcess, timings: Timings) -> int:
    """Serve until the agent ends, and return the exit code."""
    code = 0
    try:
        asyncio.run(_Agent(options, token, spawned, timings).run())
    except* (KernelStartError, ForkServerError):
        log.exception("no kernel could be started")
        code = 1
    return code


class _Agent:
    def __init__(
        self, options: Options, token: str, spawned: ForkServerProcess, timings: Timings
    ) -> None:
        self._options = options
        self._token = token
        self._spawned = spawned
        self._timings = timings

    async def run(self) -> None:
        await _start_workers()
        options = self._options
        if is_pid_one() and not confinement.is_landlock_available():
            log.warning(
                "Landlock is not available: user code can get its agent killed; see SECURITY.md"
            )
        reaper = Reaper()
        helpers = Helpers(reaper)
        # A start that hangs is retried while the server still waits.
        attempt_seconds = options.start_timeout / START_ATTEMPTS
        fork_server = ForkServerClient(
            self._spawned,
            options.preload,
            reaper,
            options.fork_server_timeout,
            attempt_seconds,
            clear=lambda: kill_descendants(lambda: helpers.pids),
        )
        journal = Journal()
        folder = DataFolder(options.data_dir, options.inputs_dir)
        changes = ChangeTracker(folder)
        aliases = Aliases(folder, changes)
        files = FileWatch(folder, changes, aliases, journal)
        memory = MemoryWatch(options.memory_bytes, lambda: {fork_server.pid} | helpers.pids)
        interpreter = Interpreter(
            options.kernel_dir,
            options.data_dir,
            fork_server,
            journal,
            files,
            helpers,
            memory,
            KernelSettings(
                memory_bytes=options.memory_bytes,
                max_processes=options.pids if memory.is_needed else 0,
                confined=is_pid_one(),
                niceness=options.kernel_niceness,
            ),
            self._timings,
            attempt_seconds,
        )
        orphan_clock = OrphanClock(options.orphan_timeout)
        service = AgentService(
            interpreter,
            journal,
            folder,
            changes,
            aliases,
            InputCopies(folder, options.memory_bytes),
            Unpacker(folder, changes, helpers),
            orphan_clock,
        )
        socket = options.run_dir / "agent.sock"
        server = await self._serve(service, socket)
        try:
            async with asyncio.TaskGroup() as tasks:
                kept = [
                    tasks.create_task(fork_server.run(), name="fork server"),
                    tasks.create_task(interpreter.run(), name="interpreter"),
                    tasks.create_task(keep_running("file watch", files.run), name="file watch"),
                ]
                if options.proxy_port:
                    port = EgressPort(options.inputs_dir / SOCKET, options.proxy_port)
                    egress = keep_running("egress port", port.run)
                    kept.append(tasks.create_task(egress, name="egress port"))
                if memory.is_needed:
                    watch = keep_running("memory watch", memory.run)
                    kept.append(tasks.create_task(watch, name="memory watch"))
                why = await self._until_end(orphan_clock, kept)
                log.info("ending: %s", why)
                kept[1].cancel()
                await asyncio.wait({kept[1]})
                for task in kept:
                    task.cancel()
        finally:
            fork_server.kill()
            helpers.kill()
            await server.stop(grace=None)
            _remove(socket)

    async def _serve(self, service: AgentService, socket: Path) -> grpc.aio.Server:
        server = grpc.aio.server(
            interceptors=[TokenInterceptor(self._token)],
            options=[
                ("grpc.max_receive_message_length", MAX_RECEIVE_BYTES),
                ("grpc.max_send_message_length", MAX_SEND_BYTES),
            ],
        )
        agent_pb2_grpc.add_AgentServiceServicer_to_server(service, server)
        # A server that waits for the socket must not see it before it accepts connections.
        unready = socket.with_suffix(".new")
        server.add_insecure_port(f"unix:{unready}")
        await server.start()
        unready.chmod(SOCKET_MODE)
        unready.rename(socket)
        return server

    async def _until_end(self, orphan_clock: OrphanClock, kept: list[asyncio.Task[None]]) -> str:
        loop = asyncio.get_running_loop()
        terminated: asyncio.Future[str] = loop.create_future()
        if not is_pid_one():
            threading.Thread(
                target=_report_termination, args=(loop, terminated), name="signals", daemon=True
            ).start()
        orphaned = asyncio.create_task(orphan_clock.run())
        try:
            either: set[asyncio.Future[Any]] = {terminated, orphaned, *kept}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            orphaned.cancel()
        if terminated.done():
            return terminated.result()
        return "no server listened for the orphan timeout" if orphaned.done() else "internal error"


async def _start_workers() -> None:
    """Start the threads for blocking work early: later, user code may use up the process limit."""
    loop = asyncio.get_running_loop()
    executor = ThreadPoolExecutor(WORKERS, thread_name_prefix="files")
    loop.set_default_executor(executor)
    together = threading.Barrier(WORKERS)
    await asyncio.gather(*(loop.run_in_executor(executor, together.wait) for _ in range(WORKERS)))


def _remove(socket: Path) -> None:
    try:
        socket.unlink()
    except PermissionError:
        log.debug("the run directory is read-only; the server removes the socket")


def _report_termination(loop: asyncio.AbstractEventLoop, terminated: "asyncio.Future[str]") -> None:
    name = wait_for_termination()
    loop.call_soon_threadsafe(partial(terminated.set_result, name))
