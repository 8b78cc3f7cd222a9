"""Jupyter kernel whose code runs in a session.

It speaks ZMQ with Jupyter's programs, as any kernel does, and gRPC with the server. Each notebook
has one, in a process of its own, and all of its state is in the session.
"""

import asyncio
import importlib.metadata
import signal
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

from ipykernel._version import kernel_protocol_version
from ipykernel.kernelbase import Kernel
from tornado.platform.asyncio import BaseAsyncIOLoop
from traitlets import Bool, Float, Unicode

from cellblock_client import AsyncClient
from cellblock_client.aio import AsyncExecution, AsyncSession
from cellblock_client.errors import Error, NotFoundError, WrongStateError
from cellblock_client.events import (
    Completed,
    DisplayUpdate,
    ErrorRaised,
    Event,
    Image,
    KernelRestarted,
    Result,
    Started,
)
from cellblock_client.jupyter.history import History, reply_entries
from cellblock_client.jupyter.inert import inert
from cellblock_client.jupyter.late_output import PollTimings, added_text
from cellblock_client.jupyter.messages import (
    Message,
    complete_content,
    error_content,
    failure_error,
    is_complete_content,
    message_of,
    stream,
)
from cellblock_client.jupyter.refusals import Handlers, reply_type
from cellblock_client.types import CodeError, ExecutionInfo, FailureCause

KEPT_ALIVE = 3
"""Number of KeepAlive calls in each idle timeout of the session."""
RETRY_SECONDS = 10.0
"""Seconds until the next attempt, when the server could not be reached."""
ENDED = "restart the kernel to continue in a new session, without variables and files"


class CellblockKernel(Kernel):
    """Kernel that runs Jupyter's cells in one session. Created by `ipykernel`'s application."""

    implementation = "cellblock"
    implementation_version = importlib.metadata.version("cellblock")
    banner = "Python in a Cellblock sandbox"
    # Only what is true of every sandbox image: the kernel there has its own Python.
    language_info = {  # noqa: RUF012 - the base class's
        "name": "python",
        "version": "3",
        "mimetype": "text/x-python",
        "file_extension": ".py",
        "codemirror_mode": {"name": "ipython", "version": 3},
        "pygments_lexer": "ipython3",
        "nbconvert_exporter": "python",
    }

    address = Unicode(help="Address of the server; empty for CELLBLOCK_ADDRESS.").tag(config=True)
    session_id = Unicode(help="Session to run code in.").tag(config=True)
    time_limit = Float(help="Time limit of a cell in seconds; 0: the operator's default.").tag(
        config=True
    )
    active_content = Bool(help="Forward outputs that a browser would run.").tag(config=True)

    def __init__(self, **arguments: Any) -> None:  # noqa: ANN401 - traitlets'
        """Create the kernel as its base class does; the traits have its settings."""
        super().__init__(**arguments)
        self._history = History()
        self._interrupted = asyncio.Event()
        self._found: AsyncSession | None = None
        self._polls = PollTimings()
        self._cell_ended = asyncio.Event()
        self._ended_cell: dict[str, Any] = {}
        """Request of the newest cell that has ended."""
        self._late = ""
        """Late output that was published, or was there before the first cell."""
        self.shell_handlers = Handlers(self.shell_handlers, self._send_error, "shell")
        self.control_handlers = Handlers(self.control_handlers, self._send_error, "control")
        self._generation = 0
        """Generation of the session's kernel that ran the last cell; 0 before the first one."""

    @property
    def kernel_info(self) -> dict[str, Any]:
        """Describe the kernel: it has neither a debugger nor subshells, unlike the base class."""
        return {
            "protocol_version": kernel_protocol_version,
            "implementation": self.implementation,
            "implementation_version": self.implementation_version,
            "language_info": self.language_info,
            "banner": self.banner,
            "help_links": [],
            "supported_features": [],
        }

    def start(self) -> None:
        """Start to serve requests. Called by the application, in the main thread."""
        super().start()
        # The only implementation that tornado has.
        self._loop = cast(BaseAsyncIOLoop, self.io_loop).asyncio_loop
        self._loop.add_signal_handler(signal.SIGINT, self._interrupted.set)
        self._client = AsyncClient(self.address or None)
        self._keeping = self._loop.create_task(self._keep_alive())
        self._publishing = self._loop.create_task(self._publish_late_output())

    def pre_handler_hook(self) -> None:
        """Leave SIGINT to the event loop: only the session's code is to be interrupted."""

    def post_handler_hook(self) -> None:
        """Do the same as `pre_handler_hook`."""

    async def do_execute(
        self,
        code: str,
        silent: bool,
        store_history: bool = True,
        user_expressions: dict[str, str] | None = None,
        allow_stdin: bool = False,
        **_cell: Any,  # noqa: ANN401
    ) -> dict[str, Any]:
        """Run a cell to its end, and return the reply. `input()` raises the sandbox's own error."""
        before = self.execution_count - (0 if silent else 1)
        if not code.strip():
            self.execution_count = before
            return self._reply(None, user_expressions)
        try:
            info, error, result = await self._run(code, silent=silent)
            self._ended_cell = self.get_parent("shell")
            self._cell_ended.set()
        except Error as refused:
            self.execution_count = before
            error = self._refusal(refused)
            self._publish(Message("error", error_content(error)), silent=silent)
            return self._reply(error, user_expressions)
        if info.failure is not None and not _explains_itself(info, error):
            error = failure_error(info.failure)
            self._publish(Message("error", error_content(error)), silent=silent)
        if store_history:
            self._history.add(info.execution_count, code, result)
        # The numbers are those of the kernel in the sandbox, which count from 1 after a restart.
        lost = info.failure is not None and info.failure.memory_lost
        self.execution_count = 0 if lost else info.execution_count
        return self._reply(error, user_expressions)

    async def do_complete(self, code: str, cursor_pos: int) -> dict[str, Any]:
        """Return the completions of the session's kernel."""
        try:
            found = await (await self._session()).complete(code, cursor_pos)
        except Error as error:
            return {"status": "error"} | error_content(self._refusal(error))
        return complete_content(found)

    async def do_inspect(
        self,
        code: str,
        cursor_pos: int,
        detail_level: int = 0,
        omit_sections: Collection[str] = (),
    ) -> dict[str, Any]:
        """Return the inspection of a name by the session's kernel."""
        try:
            found = await (await self._session()).inspect(
                code, cursor_pos, detail_level=detail_level
            )
        except Error as error:
            return {"status": "error"} | error_content(self._refusal(error))
        data = found.data if self.active_content else inert(found.data)
        return {"status": "ok", "found": found.found, "data": data, "metadata": {}}

    async def do_is_complete(self, code: str) -> dict[str, Any]:
        """Return whether the session's kernel could run the code, or that it is unknown."""
        try:
            return is_complete_content(await (await self._session()).is_complete(code))
        except Error as error:
            self.log.warning("is_complete: %s", error.message)
            return {"status": "unknown"}

    async def do_history(
        self,
        hist_access_type: str,
        output: bool,
        raw: bool,
        session: int | None = None,
        start: int | None = None,
        stop: int | None = None,
        n: int | None = None,
        pattern: str | None = None,
        unique: bool = False,
    ) -> dict[str, Any]:
        """Return the history of this kernel."""
        match hist_access_type:
            case "tail":
                found = self._history.tail(n)
            case "range":
                found = self._history.range(session or 0, start, stop)
            case _:
                found = self._history.search(pattern or "*", n, unique=unique)
        return {"status": "ok", "history": reply_entries(found, output=output)}

    async def do_shutdown(self, restart: bool) -> dict[str, Any]:
        """Release the session, which the provisioner ends. Runs in a thread of its own."""
        closing = asyncio.run_coroutine_threadsafe(self._close(), self._loop)
        await asyncio.wrap_future(closing)
        return {"status": "ok", "restart": restart}

    def _send_error(
        self,
        stream: Any,  # noqa: ANN401 - ipykernel's
        identities: Any,  # noqa: ANN401
        request: dict[str, Any],
        content: dict[str, Any],
    ) -> None:
        """Answer a request with an error."""
        if self.session is not None:
            self.session.send(stream, reply_type(request), content, request, identities)

    async def _publish_late_output(self) -> None:
        """Publish output of ended cells under the newest of them, as it arrives."""
        pause = self._polls.shortest
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._cell_ended.wait()
            pause = min(2 * pause, self._polls.longest)
            if self._cell_ended.is_set():
                self._cell_ended.clear()
                pause = self._polls.shortest
            if self._found is None or not self._ended_cell:
                continue
            try:
                text = (await self._found.refresh()).background_output
            except (WrongStateError, NotFoundError) as error:
                self.log.info("late output: %s", error.message)
                return
            except Error as error:
                self.log.warning("late output: %s", error.message)
                continue
            late, self._late = added_text(self._late, text), text
            if late and self.session is not None:
                pause = self._polls.shortest
                message = stream("stdout", late)
                self.session.send(
                    self.iopub_socket,
                    message.kind,
                    message.content,
                    parent=self._ended_cell,
                    ident=self._topic(message.kind),
                )

    async def _run(self, code: str, *, silent: bool) -> tuple[ExecutionInfo, CodeError | None, str]:
        """Run code, publish its output, and return its record, exception and result text."""
        # Discard an interrupt that arrived while nothing ran.
        self._interrupted.clear()
        session = await self._session()
        execution = session.execute(code, time_limit=self.time_limit or None)
        error, result = None, ""
        async with self._cancel_on_interrupt(execution) as accepted:
            async for event in execution:
                accepted.set()
                if isinstance(event, ErrorRaised):
                    error = event.error
                if isinstance(event, Result):
                    result = event.text
                if isinstance(event, Completed):
                    return event.execution, error, result
                if isinstance(event, KernelRestarted):
                    self._generation = event.kernel_generation
                if isinstance(event, Started):
                    await self._notice(event.kernel_generation, session, silent=silent)
                if not silent:
                    await self._show(event)
        raise Error("the event stream ended before the execution completed")

    async def _notice(self, generation: int, session: AsyncSession, *, silent: bool) -> None:
        """Publish a notice if another kernel ran the previous cell: variables are lost."""
        before, self._generation = self._generation, generation
        if before in (0, generation):
            return
        loss = (await session.refresh()).memory_loss
        why = loss.message if loss is not None else "the kernel was restarted"
        note = stream("stderr", f"[variables of earlier cells are lost: {why}]\n")
        self._publish(note, silent=silent)

    @asynccontextmanager
    async def _cancel_on_interrupt(self, execution: AsyncExecution) -> AsyncIterator[asyncio.Event]:
        """Cancel an execution when an interrupt arrives; yields what to set once it is accepted."""
        accepted = asyncio.Event()

        async def cancel() -> None:
            await self._interrupted.wait()
            await accepted.wait()
            try:
                await execution.cancel()
            except Error as error:
                self.log.warning("interrupt: %s", error.message)

        cancelling = asyncio.create_task(cancel())
        try:
            yield accepted
        finally:
            await _cancel_and_wait(cancelling)

    async def _show(self, event: Event) -> None:
        """Publish an event, if Jupyter has a message for it."""
        image_data = b""
        if isinstance(event, Image | DisplayUpdate) and event.file is not None:
            try:
                # The operator limits its size (`executions.max_image_bytes`).
                image_data = await self._client.files.read(event.file.id)
            except Error as error:
                self._publish(stream("stderr", f"[image {event.file.id}: {error.message}]\n"))
                return
        message = message_of(event, image_data, self.execution_count)
        if message is not None:
            self._publish(message)

    def _publish(self, message: Message, *, silent: bool = False) -> None:
        if silent:
            return
        content = message.content
        if "data" in content and not self.active_content:
            content = content | {"data": inert(content["data"])}
        self.send_response(self.iopub_socket, message.kind, content)

    def _reply(self, error: CodeError | None, expressions: dict[str, str] | None) -> dict[str, Any]:
        unknown = error_content(
            CodeError("NotSupported", "user_expressions are not evaluated in a sandbox", ())
        )
        return {
            "status": "ok" if error is None else "error",
            "execution_count": self.execution_count,
            "payload": [],
            "user_expressions": {name: {"status": "error"} | unknown for name in expressions or {}},
            **({} if error is None else error_content(error)),
        }

    @staticmethod
    def _refusal(error: Error) -> CodeError:
        """Return the reason why nothing ran, in the format of an exception."""
        ended = isinstance(error, WrongStateError) or error.reason == "SESSION_NOT_FOUND"
        text = f"{error.message}; {ENDED}" if ended else error.message
        name = error.reason or type(error).__name__
        return CodeError(name=name, value=text, traceback=(f"{name}: {text}",))

    async def _session(self) -> AsyncSession:
        if self._found is None:
            self._found = await self._client.sessions.get(self.session_id)
            self._late = self._found.info.background_output
        return self._found

    async def _keep_alive(self) -> None:
        """Reset the session's idle timeout: an open notebook is in use while its user reads.

        The inactivity limit still applies, so that a forgotten notebook does not keep the session
        forever.
        """
        while True:
            pause = RETRY_SECONDS
            try:
                info = await (await self._session()).keep_alive()
                pause = info.idle_timeout.total_seconds() / KEPT_ALIVE
            except (WrongStateError, NotFoundError) as error:
                self.log.info("session: %s", error.message)
                return
            except Error as error:
                self.log.warning("session: %s", error.message)
            await asyncio.sleep(pause)

    async def _close(self) -> None:
        await _cancel_and_wait(self._keeping)
        await _cancel_and_wait(self._publishing)
        await self._client.close()


def _explains_itself(info: ExecutionInfo, error: CodeError | None) -> bool:
    """Return whether the exception needs no addition: an interrupt that the code obeyed."""
    failure = info.failure
    return (
        error is not None
        and failure is not None
        and failure.cause is FailureCause.CANCELLED
        and not failure.memory_lost
    )


async def _cancel_and_wait(task: "asyncio.Task[None]") -> None:
    """Cancel one of our tasks, and wait for its end."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
