"""One kernel, driven through `jupyter_client`."""

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient

from cellblock_agent.forkserver_client import ForkServerClient, KernelProcess
from cellblock_agent.kernel_options import KernelOptions

RECONNECT_MILLISECONDS = 2
"""How often a connection is tried until the kernel has bound its socket."""
RECEIVE_QUEUE = 8
"""Messages that wait for the agent; more wait in the kernel."""
MAX_MESSAGE_BYTES = 256 * 2**20
"""ZeroMQ drops the connection of a kernel that sends more at once."""
READY_SECONDS = 20
SILENCE_SECONDS = 0.02
"""A dead kernel's last output has come when nothing came for so long."""
DRAIN_SECONDS = 1

log = logging.getLogger(__name__)

Message = dict[str, Any]


class KernelStartError(Exception):
    """A kernel ended, or did not answer, before it was ready."""


class Kernel:
    """A kernel that runs. Its output goes to `on_output`, its replies to `on_reply`."""

    def __init__(self, client: AsyncKernelClient, process: KernelProcess) -> None:
        """Use `Kernel.start`."""
        self._client = client
        self._process = process
        self.ended = process.ended
        """Its wait status."""
        self._tasks: list[asyncio.Task[None]] = []
        self._heard = asyncio.Event()

    @classmethod
    async def start(
        cls, fork_server: ForkServerClient, context: zmq.asyncio.Context, options: KernelOptions
    ) -> "Kernel":
        """Fork a kernel and wait until it answers. Raises KernelStartError or ForkServerError."""
        process = await fork_server.start_kernel(options)
        client = AsyncKernelClient(context=context)
        client.load_connection_info(options.connection_info())  # type: ignore[arg-type]
        client.start_channels(stdin=False, hb=False, control=False)
        kernel = cls(client, process)
        try:
            await kernel._until_ready()
        except BaseException:
            kernel.kill()
            kernel.close()
            raise
        return kernel

    def listen(
        self, on_output: Callable[[Message], None], on_reply: Callable[[Message], None]
    ) -> None:
        """Begin to hand on messages."""

        def output(message: Message) -> None:
            self._heard.set()
            on_output(message)

        client = self._client
        self._tasks = [
            asyncio.create_task(_pass_on(client.get_iopub_msg, output), name="kernel output"),
            asyncio.create_task(_pass_on(client.get_shell_msg, on_reply), name="kernel replies"),
        ]

    def execute(self, code: str, *, silent: bool = False) -> str:
        """Have code run; the id that its output and its reply will name."""
        return str(
            self._client.execute(
                code,
                silent=silent,
                store_history=not silent,
                allow_stdin=False,
                stop_on_error=False,
            )
        )

    def interrupt(self, children: Iterable[int]) -> None:
        """What Ctrl-C does: SIGINT to what the kernel runs, and to itself."""
        for pid in (*children, self._process.pid):
            try:
                os.kill(pid, signal.SIGINT)
            except ProcessLookupError:
                log.info("process %d ended before it was interrupted", pid)

    def kill(self) -> None:
        """Kill the kernel's own process, if it lives."""
        if not self.ended.done():
            try:
                os.kill(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                log.info("the kernel ended before it was killed")

    async def drain(self) -> None:
        """Hand on what a dead kernel said last."""
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
        """Stop handing on and close the connection."""
        for task in self._tasks:
            task.cancel()
        self._client.stop_channels()

    async def _until_ready(self) -> None:
        ready = asyncio.create_task(self._greet())
        try:
            either: set[asyncio.Future[Any]] = {ready, self.ended}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED, timeout=READY_SECONDS)
            if self.ended.done():
                raise KernelStartError("the kernel ended while it started")
            if not ready.done():
                raise KernelStartError(f"the kernel was not ready within {READY_SECONDS} s")
            await ready
        finally:
            ready.cancel()
            await asyncio.wait({ready})

    async def _greet(self) -> None:
        """Wait until both channels work: output from now on reaches us, and requests it."""
        message: Message = {"msg_type": ""}
        while message["msg_type"] != "iopub_welcome":
            message = await self._client.get_iopub_msg()
        self._client.kernel_info()
        await self._client.get_shell_msg()


def new_context() -> zmq.asyncio.Context:
    """A ZeroMQ context for connections to kernels."""
    context = zmq.asyncio.Context()
    context.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MILLISECONDS)
    context.setsockopt(zmq.RCVHWM, RECEIVE_QUEUE)
    context.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE_BYTES)
    return context


def clear_sockets(folder: Path) -> None:
    """Remove what earlier kernels, or hostile code, left where sockets are to be."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            # User code made it; it can only stand in our way by name, which is random.
            continue
        path.unlink()


async def _pass_on(
    receive: Callable[[], Awaitable[Message]], handle: Callable[[Message], None]
) -> None:
    while True:
        try:
            handle(await receive())
        except (ValueError, TypeError, KeyError, UnicodeDecodeError, RecursionError) as error:
            # User code can write to the kernel's own sockets: bad signatures, bad JSON.
            log.warning("a message that is not Jupyter's was dropped: %s", type(error).__name__)
