"""Kernel: its process and the connection to it."""

import asyncio
import logging
import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import zmq

from cellblock_agent.kernel.connection import KernelConnection, Message, MessageHandler, Question
from cellblock_agent.kernel.forkserver_client import ForkServerClient, KernelProcess
from cellblock_agent.kernel.message_bounds import MessageBounds
from cellblock_agent.kernel.options import KernelOptions

SILENCE_SECONDS = 0.02
"""Silence after which all output of a dead kernel has arrived."""
DRAIN_SECONDS = 1

log = logging.getLogger(__name__)


class KernelStartError(Exception):
    """A kernel ended or did not answer before it was ready."""


class Kernel:
    """Running kernel. Its output is passed to `on_output`, its replies to `on_reply`."""

    def __init__(self, connection: KernelConnection, process: KernelProcess) -> None:
        """Use `Kernel.start`."""
        self._connection = connection
        self._process = process
        self.ended = process.ended
        """Future of the process's wait status."""
        self._heard = asyncio.Event()

    @classmethod
    async def start(
        cls,
        fork_server: ForkServerClient,
        context: "zmq.Context[zmq.Socket[bytes]]",
        options: KernelOptions,
        ready_seconds: float,
    ) -> "Kernel":
        """Fork a kernel and wait until it answers, at most `ready_seconds`.

        Raises KernelStartError or ForkServerError.
        """
        process = await fork_server.start_kernel(options)
        bounds = MessageBounds(options.memory_bytes)
        kernel = cls(KernelConnection(context, options.connection_info(), bounds), process)
        try:
            await kernel._until_ready(ready_seconds)
        except BaseException:
            kernel.kill()
            kernel.close()
            raise
        return kernel

    def listen(self, on_output: MessageHandler, on_reply: MessageHandler) -> None:
        """Pass messages to these handlers from now on."""

        def output(message: Message) -> None:
            self._heard.set()
            on_output(message)

        self._connection.listen(output, on_reply)

    def execute(self, code: str, *, silent: bool = False) -> str:
        """Run code; return the id to which its output and its reply refer."""
        return self._connection.execute(code, silent=silent)

    def ask_kernel(self, question: Question) -> str:
        """Ask a question that runs no code; return the id to which the answer refers."""
        return self._connection.ask_kernel(question)

    def interrupt(self, children: Iterable[int]) -> None:
        """Send SIGINT to the kernel and to `children`, as Ctrl-C does."""
        for pid in (*children, self._process.pid):
            try:
                os.kill(pid, signal.SIGINT)
            except ProcessLookupError:
                log.info("process %d ended before it was interrupted", pid)

    def kill(self) -> None:
        """Kill the kernel's own process, if it is alive."""
        if not self.ended.done():
            try:
                os.kill(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                log.info("the kernel ended before it was killed")

    async def drain(self) -> None:
        """Pass on the last messages of a dead kernel."""
        loop = asyncio.get_running_loop()
        end = loop.time() + DRAIN_SECONDS
        while loop.time() < end:
            self._heard.clear()
            try:
                async with asyncio.timeout(SILENCE_SECONDS):
                    await self._heard.wait()
            except TimeoutError:
                return
        log.warning("a dead kernel's output did not end within %d s", DRAIN_SECONDS)

    def close(self) -> None:
        """Stop passing messages and close the connection."""
        self._connection.close()

    async def _until_ready(self, seconds: float) -> None:
        ready = asyncio.create_task(self._greet())
        try:
            either: set[asyncio.Future[Any]] = {ready, self.ended}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED, timeout=seconds)
            if self.ended.done():
                raise KernelStartError("the kernel ended while it started")
            if not ready.done():
                raise KernelStartError(f"the kernel was not ready within {seconds:g} s")
            await ready
        finally:
            ready.cancel()
            await asyncio.wait({ready})

    async def _greet(self) -> None:
        """Wait until both channels work: all later output arrives, and requests are received."""
        welcomed, answered = asyncio.Event(), asyncio.Event()

        def on_output(message: Message) -> None:
            if message["msg_type"] == "iopub_welcome":
                welcomed.set()

        self._connection.listen(on_output, lambda _reply: answered.set())
        await welcomed.wait()
        self._connection.ask_kernel(lambda client: client.kernel_info())
        await answered.wait()


def clear_sockets(folder: Path) -> None:
    """Remove files of earlier kernels or hostile code from the directory of sockets."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            # User code created it; only its name could collide, and names of sockets are random.
            continue
        path.unlink()
