"""Client of the fork server in the agent: starts and restarts it, and requests kernels."""

import asyncio
import gc
import json
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from cellblock_agent.kernel.forkserver import MAX_MESSAGE, serve_forked
from cellblock_agent.kernel.options import KernelOptions
from cellblock_agent.processes.reaper import Reaper, describe_exit

START_SECONDS = 10.0
"""Longest fork in seconds once user code runs, which may have stopped the fork server."""
ATTEMPTS = 3

log = logging.getLogger(__name__)


class ForkServerError(Exception):
    """The fork server can't start a kernel."""


@dataclass(frozen=True)
class KernelProcess:
    """Process of a kernel."""

    pid: int
    ended: asyncio.Future[int]
    """Future of the process's wait status."""


class ForkServerProcess:
    """Process of a fork server."""

    def __init__(self, pid: int, control: socket.socket) -> None:
        """Use `fork` or `start`. `control` is the agent's end of the socket."""
        control.setblocking(False)
        self.pid = pid
        """Process id."""
        self.control = control

    @classmethod
    def fork(cls, modules: tuple[str, ...]) -> "ForkServerProcess":
        """Fork this process, to share its memory; only while it has one thread and no secret."""
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # Keeps both collectors from touching, and so copying, shared memory.
        gc.freeze()
        pid = os.fork()
        if pid == 0:
            ours.close()
            serve_forked(its, list(modules))
        its.close()
        return cls(pid, ours)

    @classmethod
    def start(cls, modules: tuple[str, ...]) -> "ForkServerProcess":
        """Start a new program, which inherits nothing: this process has threads and the token."""
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            # -I: files that user code wrote must not be imported.
            command = [sys.executable, "-I", "-m", "cellblock_agent.kernel.forkserver"]
            process = subprocess.Popen(  # noqa: S603 - a module of the agent
                [*command, "--control", str(its.fileno()), *modules],
                stdin=subprocess.DEVNULL,
                pass_fds=[its.fileno()],
                cwd="/",
            )
        # The reaper collects its status: `process` must not wait for a later process with its id.
        process.returncode = 0
        return cls(process.pid, ours)

    def kill(self) -> None:
        """Kill the process. The reaper collects its status."""
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


class ForkServerClient:
    """Source of kernels: a fork server, which is replaced when user code has killed it.

    A fork server that is idle for a while is ended until a kernel is requested: memory that its
    kernel has written to is not shared any more, and is used twice.
    """

    def __init__(
        self,
        spawned: ForkServerProcess,
        modules: tuple[str, ...],
        reaper: Reaper,
        idle_timeout: float,
        start_timeout: float,
        clear: Callable[[], Awaitable[object]],
    ) -> None:
        """Use the fork server that was spawned with `modules`.

        `idle_timeout` is the time in seconds since the last fork. `start_timeout` is the longest
        time in seconds for all imports, which take a second on an idle machine, and for the first
        fork. `clear` kills all other processes: one of them may have ended a fork server before it
        was ready.
        """
        self._clear = clear
        self._start_timeout = start_timeout
        self._has_forked = False
        self._modules = modules
        self._idle_timeout = idle_timeout
        self._reaper = reaper
        self._current = spawned
        self._ready = asyncio.Event()
        self._was_ready = False
        self._started: asyncio.Future[int] | None = None
        self._kernels: dict[int, asyncio.Future[int]] = {}
        self._wanted = asyncio.Event()
        """Cleared while no fork server is to run."""
        self._wanted.set()
        self._idle: asyncio.TimerHandle | None = None

    @property
    def pid(self) -> int:
        """Process id of the fork server; 0 while none is to run."""
        return self._current.pid if self._wanted.is_set() else 0

    async def run(self) -> None:
        """Process the fork server's messages, and replace it when it ends, until cancelled.

        Raises ForkServerError if it ends several times in a row before it is ready.
        """
        failures = 0
        while True:
            end = self._reaper.watch_process(self._current.pid)
            self._reaper.reap()  # it may have ended before the reaper existed
            await self._read_until_end(end)
            failures = 0 if self._was_ready else failures + 1
            self._ready.clear()
            self._was_ready = False
            description = describe_exit(end.result())
            self._notice_lost_kernels()
            if self._wanted.is_set():
                if failures == ATTEMPTS:
                    raise ForkServerError(f"the fork server ended {failures} times: {description}")
                log.warning("the fork server ended (%s); starting another", description)
                if failures > 0:
                    await self._clear()
            await self._wanted.wait()
            self._current = await self._spawn()

    async def _spawn(self) -> ForkServerProcess:
        for _attempt in range(ATTEMPTS):
            try:
                return ForkServerProcess.start(self._modules)
            except OSError as error:
                # Code has used up the sandbox's processes or memory.
                log.warning("no fork server could be started: %s", error)
                await self._clear()
        raise ForkServerError(f"no fork server was started in {ATTEMPTS} attempts")

    async def start_kernel(self, options: KernelOptions) -> KernelProcess:
        """Fork a kernel. Raises ForkServerError."""
        if self._idle is not None:
            self._idle.cancel()
        self._wanted.set()
        for _attempt in range(ATTEMPTS):
            try:
                async with asyncio.timeout(self._start_timeout):
                    await self._ready.wait()
                # Before its first fork no user code has run: a slow fork means a slow machine.
                bound = START_SECONDS if self._has_forked else self._start_timeout
                async with asyncio.timeout(bound):
                    return await self._start(options)
            except (TimeoutError, OSError) as error:
                log.warning("the fork server does not answer: %r", error)
                self.kill()
        raise ForkServerError(f"no kernel was forked in {ATTEMPTS} attempts")

    def kill(self) -> None:
        """Kill the fork server, if one runs; `run` starts another one."""
        self._ready.clear()
        if self._wanted.is_set():
            self._current.kill()

    def _end_until_wanted(self) -> None:
        self.kill()
        self._wanted.clear()

    async def _start(self, options: KernelOptions) -> KernelProcess:
        self._started = asyncio.get_running_loop().create_future()
        message = json.dumps({"start": options.as_dict()}).encode()
        await asyncio.get_running_loop().sock_sendall(self._current.control, message)
        pid = await self._started
        self._has_forked = True
        loop = asyncio.get_running_loop()
        self._idle = loop.call_later(self._idle_timeout, self._end_until_wanted)
        return KernelProcess(pid, self._kernels[pid])

    async def _read_until_end(self, end: asyncio.Future[int]) -> None:
        current = self._current
        reading = asyncio.create_task(self._read(current.control), name="read fork server")
        try:
            either: set[asyncio.Future[Any]] = {reading, end}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            current.kill()
            await end
        finally:
            reading.cancel()
            await asyncio.wait({reading})
            current.control.close()

    def _notice_lost_kernels(self) -> None:
        """Find kernels whose status was collected by a fork server that has been killed."""
        for pid, ended in list(self._kernels.items()):
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                if not ended.done():
                    ended.set_result(signal.SIGKILL)

    async def _read(self, control: socket.socket) -> None:
        while message := await asyncio.get_running_loop().sock_recv(control, MAX_MESSAGE):
            self._handle_message(json.loads(message))

    def _handle_message(self, message: dict[str, object]) -> None:
        match message:
            case {"ready": list(missing)}:
                if missing:
                    log.warning("could not be preloaded: %s", ", ".join(missing))
                self._ready.set()
                self._was_ready = True
            case {"started": int(pid)}:
                # If the fork server dies, its kernels become the agent's children.
                ended = self._kernels[pid] = self._reaper.watch_process(pid)
                ended.add_done_callback(lambda _ended: self._kernels.pop(pid, None))
                if self._started is not None and not self._started.done():
                    self._started.set_result(pid)
            case {"exited": int(pid), "status": int(status)}:
                self._reaper.stop_watching(pid)
                if pid in self._kernels and not self._kernels[pid].done():
                    self._kernels[pid].set_result(status)
