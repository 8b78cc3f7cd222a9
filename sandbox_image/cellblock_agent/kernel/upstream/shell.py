"""Interpreter of a kernel: IPython's, adapted to code without a user at a prompt."""

import asyncio
import importlib
import inspect
import io
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any, NoReturn

from ipykernel.compiler import XCachingCompiler
from ipykernel.displayhook import ZMQShellDisplayHook
from ipykernel.ipkernel import IPythonKernel
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.compilerop import code_name
from IPython.core.error import StdinNotImplementedError, UsageError
from IPython.core.interactiveshell import ExecutionResult
from IPython.core.profiledir import ProfileDir
from traitlets import Type
from zmq.eventloop.zmqstream import ZMQStream

from cellblock_agent.kernel.idle_memory import IdleMemory
from cellblock_agent.kernel.libraries import displays, figures, matplotlib_pyplot
from cellblock_agent.kernel.messages import fit_message
from cellblock_agent.kernel.open_files import flush_open_files
from cellblock_agent.kernel.options import ACCEPTED
from cellblock_agent.kernel.upstream import forked_child
from cellblock_agent.kernel.upstream.cell_errors import CellErrors
from cellblock_agent.kernel.upstream.debugger import NO_DEBUGGER
from cellblock_agent.kernel.upstream.spawned_process import share_definitions
from cellblock_agent.kernel.upstream.stream import COutput, KernelStream
from cellblock_agent.kernel.user_frames import hide_library_frames
from cellblock_agent.output.exception_text import cut_exception, text_of

NO_INPUT = "{}() can't read input: code runs without a user to answer. Put the value into the code."
NO_NEXT_CELL = "[{}: there is no next cell for this text. To run it, execute it as a cell.]"
NO_EDITOR = "%edit has no editor here: code runs without a user. Write files with %%writefile."
REFUSED_MAGICS = {"debug": NO_DEBUGGER, "ed": NO_EDITOR, "edit": NO_EDITOR, "pdb": NO_DEBUGGER}
"""Magics that need a user at the keyboard, with the reason for refusing them."""

ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None]


class ResultHook(ZMQShellDisplayHook):
    """Display hook that shows a figure's image only if the cell has not shown it already."""

    def compute_format_data(self, result: object) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the representations of the last expression's value."""
        if figures.is_shown_figure(result):
            return {"text/plain": repr(result)}, {}
        return super().compute_format_data(result)  # type: ignore[no-any-return]


class Shell(ZMQInteractiveShell):
    """IPython's shell, with errors reported in terms of the user's code.

    It is created in the process from which kernels are forked, which saves each of them a fifth of
    its start. `begin` does the part that needs the kernel.
    """

    displayhook_class = Type(ResultHook)

    def begin(self, kernel: IPythonKernel) -> None:
        """Attach the shell to `kernel`, in this process and its working directory."""
        self.kernel = self.parent = kernel
        self._streams = sys.stdout, sys.stderr
        self._errors: CellErrors | None = None
        self._is_interrupted = False
        self._transforms_once = False
        self._transformed: tuple[str, str] | None = None
        self._data_folder = str(Path.cwd())
        self.user_ns["_dh"][:] = [self._data_folder]
        self._c_output = COutput()
        self._depth = 0
        """Number of cells that run: over 1 if one runs another."""
        self._is_forked = False
        """Whether this process was forked by code, and so is no kernel."""
        self._inherited: set[int] = set()
        """Ids of the variables' values when it was forked."""
        os.register_at_fork(after_in_child=self._begin_child)
        share_definitions(lambda: self.user_ns["In"], self.user_ns)
        self.events.register("post_run_cell", displays.show_childrens_displays)

    def init_profile_dir(self, profile_dir: ProfileDir | None) -> None:
        """Create a directory for the data of magics, even if code has blocked the usual one."""
        try:
            super().init_profile_dir(profile_dir)
        except OSError:
            self.profile_dir = ProfileDir.create_profile_dir(tempfile.mkdtemp(prefix="ipython-"))

    def init_io(self) -> None:
        """Suppress hints."""
        super().init_io()
        # Hints for a person at a prompt: from IPython and from `tqdm.auto`.
        for hint in ("To exit: use 'exit'", "IProgress not found"):
            warnings.filterwarnings("ignore", message=hint)

    def init_magics(self) -> None:
        """Register `%pip`, and the magics that are refused, in place of IPython's."""
        super().init_magics()
        self.register_magic_function(self._pip, "line", "pip")  # type: ignore[arg-type]
        for name, reason in REFUSED_MAGICS.items():
            self.register_magic_function(
                partial(_refuse, reason),  # type: ignore[arg-type]
                "line_cell",
                name,
            )

    def set_parent(self, parent: dict[str, Any]) -> None:
        """Begin a cell; restore the streams, in case code replaced them."""
        sys.stdout, sys.stderr = self._streams
        for stream in self._streams:
            if isinstance(stream, KernelStream):
                stream.begin_cell()
        KernelStream.count_cell()
        # IPython keeps all displays for a history that can't be read here.
        if self.history_manager is not None:
            self.history_manager.outputs.clear()
        super().set_parent(parent)

    def enable_matplotlib(self, gui: str | None = None) -> tuple[str | None, str]:
        """Show figures in the execution, whichever backend `%matplotlib` names."""
        name = (gui or "inline").lower()
        if name in matplotlib_pyplot.WINDOW_BACKENDS:
            gui = "inline"
        elif name in matplotlib_pyplot.FILE_BACKENDS:
            super().enable_matplotlib("inline")
            matplotlib_pyplot.select_backend(name)
            return None, name
        return super().enable_matplotlib(gui)  # type: ignore[no-any-return]

    def publish(self) -> None:
        """Send all text that was written."""
        self._c_output.flush()
        for stream in self._streams:
            if isinstance(stream, KernelStream):
                stream.publish()

    def expect_code(self) -> None:
        """Keep an interrupt that arrives before the code: IPython would swallow it."""
        self._errors = CellErrors()
        # IPython leaves it set if an interrupt ends the conversion of a cell's value to text.
        self.displayhook.msg = None  # type: ignore[attr-defined]
        self._is_interrupted = False
        self._transforms_once = True
        self._transformed = None
        signal.signal(signal.SIGINT, self._note_interrupt)

    def end_code(self, failure: BaseException | None) -> dict[str, Any]:
        """Return how the cell ended, for the reply; show other exceptions that IPython reported."""
        errors, self._errors = self._errors, None
        if errors is None:
            return {}
        end, others = errors.describe_end(failure)
        for lines in others:
            self._write_error(lines)
        return end

    async def run_code(
        self,
        code_obj: CodeType,
        result: ExecutionResult | None = None,
        **options: Any,  # noqa: ANN401 - IPython's
    ) -> bool:
        """Run a statement, unless an interrupt has arrived before it."""
        self._transforms_once, self._transformed = False, None
        if self._errors is not None:
            self._errors.begin_code(result)
        if signal.getsignal(signal.SIGINT) == self._note_interrupt:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if self._is_interrupted:
            self._is_interrupted = False
            raise KeyboardInterrupt
        return bool(await super().run_code(code_obj, result, **options))

    def transform_cell(self, raw_cell: str) -> str:
        """Transform a cell once: ipykernel asks first, then IPython before it runs the cell."""
        if self._transformed is not None and self._transformed[0] is raw_cell:
            return self._transformed[1]
        cell = str(super().transform_cell(raw_cell))
        if self._transforms_once:
            self._transformed = raw_cell, cell
        return cell

    def should_run_async(self, raw_cell: str, **options: Any) -> bool:  # noqa: ANN401 - IPython's
        """Return whether a cell awaits; without both keywords, skip IPython's two compilations."""
        cell = options.get("transformed_cell") or raw_cell
        may = "await" in cell or "async" in cell
        return may and bool(super().should_run_async(raw_cell, **options))

    async def run_cell_async(self, *args: Any, **options: Any) -> ExecutionResult:  # noqa: ANN401
        """Run a cell, as IPython does; the signature, which is read for each cell, is set below."""
        errors = self._errors or CellErrors()
        try:
            with errors.watch_cell():
                result = await super().run_cell_async(*args, **options)
                errors.end_cell(result)
            return result
        finally:
            # A forked child has copies of the buffers, which would be written twice.
            if not self._is_forked:
                for name in flush_open_files(self._data_folder):
                    notice = f"{name} is still open: it is incomplete until it is closed\n"
                    self._streams[1].write(notice)

    async def run_ast_nodes(self, *args: Any, **options: Any) -> bool:  # noqa: ANN401 - IPython's
        """Run the statements of a cell. A process that they forked ends here."""
        self._depth += 1
        try:
            failed = bool(await super().run_ast_nodes(*args, **options))
        finally:
            self._depth -= 1
        if self._is_forked:
            result = options["result"]
            error = result.error_in_exec or result.error_before_exec
            if self._depth == 0 or isinstance(error, SystemExit):
                self._c_output.flush()
                self._flush_files_of_child()
                forked_child.end_child(error)
        return failed

    def _begin_child(self) -> None:
        """Note that this process is a fork; it ends if it returns to the kernel's event loop."""
        self._is_forked = True
        # What they hold unwritten is their parent's.
        self._inherited = {id(value) for value in self.user_ns.values()}
        forked_child.begin_child()
        if isinstance(self.kernel, UnattendedKernel):
            self.kernel.end_with_loop(self._end_in_loop)

    def _flush_files_of_child(self) -> None:
        """Write what is left in open files, as Python does when it exits."""
        for value in list(self.user_ns.values()):
            if isinstance(value, io.IOBase) and id(value) not in self._inherited:
                with suppress(OSError, ValueError):
                    value.flush()

    def _end_in_loop(self) -> NoReturn:
        error: RuntimeError | None = None
        if self._depth:
            error = RuntimeError("a forked process can't await: the event loop is its parent's")
            forked_child.report_exception(error)
        forked_child.end_child(error)

    def _note_interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self._is_interrupted = True

    @contextmanager
    def _tee(self, channel: str) -> Iterator[None]:
        """Keep no copy of the output, as IPython's own does: a flood would fill the memory."""
        yield

    def ask_exit(self) -> NoReturn:
        """End the code on `exit` and `quit()`, as in a script, but not the kernel."""
        raise SystemExit

    def system(self, cmd: str) -> None:
        """Run `!cmd` without a terminal: two streams, in order, and Ctrl-C also ends the cell."""
        line = self.var_expand(cmd, depth=1)
        code = subprocess.call(  # noqa: S602 - requested by the user
            line, shell=True, executable=shutil.which("bash")
        )
        self.user_ns["_exit_code"] = code

    def _pip(self, line: str) -> None:
        """Run pip in the kernel's environment; `%pip install name`."""
        self.system(f"{shlex.quote(sys.executable)} -m pip {line}")
        if code := self.user_ns["_exit_code"]:
            raise UsageError(f"pip ended with exit code {code}{_why_pip_fails()}")
        importlib.invalidate_caches()

    def set_next_input(self, text: str, replace: bool = False) -> None:
        """Show text for the next cell, such as that of `%load`; it would get lost otherwise."""
        caller = sys._getframe(1)  # noqa: SLF001 - its public name is `inspect.currentframe`
        is_magic = caller.f_globals.get("__name__", "").startswith("IPython.core.magics")
        source = f"%{caller.f_code.co_name}" if is_magic else "set_next_input"
        sys.stdout.write(f"{NO_NEXT_CELL.format(source)}\n{text.rstrip()}\n")

    def show_usage_error(self, exc: BaseException) -> None:
        """Report the wrong use of a magic."""
        self._showtraceback(type(exc), exc, [f"UsageError: {text_of(exc)}"])

    def showtraceback(
        self,
        exc_tuple: ExceptionInfo | None = None,
        *args: Any,  # noqa: ANN401 - IPython's
        **options: Any,  # noqa: ANN401
    ) -> None:
        """Report an exception, including those that IPython writes to standard error."""
        kind, value, _trace = exc_tuple or sys.exc_info()
        if self._is_forked and value is not None:
            forked_child.report_exception(value)
        elif kind is None or value is None:
            super().showtraceback(exc_tuple, *args, **options)
        elif isinstance(value, SystemExit):
            self._showtraceback(kind, value, [f"SystemExit: {text_of(value)}".rstrip(": ")])
        elif _has_group(value) or not _has_text(value):
            hide_library_frames(value)
            lines = traceback.format_exception(kind, value, value.__traceback__)
            self._showtraceback(kind, value, "".join(lines).splitlines())
        else:
            super().showtraceback(exc_tuple, *args, **options)

    def _showtraceback(
        self, etype: type[BaseException], evalue: BaseException, stb: list[str] | str
    ) -> None:
        """Keep the exception that ends the cell for the reply, and show others as text."""
        lines = [stb] if isinstance(stb, str) else stb
        is_of_result = getattr(self.displayhook, "msg", None) is not None
        if self._errors is None or not self._errors.hold_error(
            evalue, lines, is_of_result=is_of_result
        ):
            self._write_error(cut_exception("", "", lines).traceback)

    def _write_error(self, lines: list[str]) -> None:
        """Write a traceback where a user sees it, even if code captures its own output."""
        self._streams[1].write("\n".join(lines) + "\n")

    def _format_exception_for_storage(self, *_args: object, **_options: object) -> dict[str, Any]:
        """Format nothing: no user could read the history."""
        return {}

    def _get_exc_info(self, exc_tuple: ExceptionInfo | None = None) -> ExceptionInfo:
        kind, value, trace = super()._get_exc_info(exc_tuple)
        # `%xmode Verbose` and the others are for users who want to see everything.
        if self.InteractiveTB.mode == "Context":
            hide_library_frames(value)
            trace = value.__traceback__
        return kind, value, trace


# Otherwise IPython computes it for each cell, which takes a twentieth of a `1+1`.
Shell.run_cell_async.__signature__ = inspect.signature(ZMQInteractiveShell.run_cell_async)  # type: ignore[attr-defined]


class CellCompiler(XCachingCompiler):
    """Compiler that names cells as IPython does.

    ipykernel names a cell by a file in a temporary directory. When `/tmp` and `/mnt/data` were both
    full, there was none, and no code ran.
    """

    def get_code_name(self, raw_code: str, code: str, number: int) -> str:
        """Return a name that does not refer to a file."""
        return code_name(code, number)


class UnattendedKernel(IPythonKernel):
    """Kernel whose code can't read input.

    It reports that with the exception that every Jupyter kernel raises if its front end takes no
    input, by its public name: code that runs under Jupyter can catch it.
    """

    compiler_class = Type(CellCompiler)

    shell_class = Shell

    _supports_kernel_subshells = False
    """Requests are handled one at a time; see `KernelApp.init_control`."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - ipykernel's
        """Create the kernel, and attach the shell that exists already."""
        super().__init__(**options)
        self._loop: asyncio.AbstractEventLoop | None = None
        Shell.instance().begin(self)
        self._memory = IdleMemory()
        self._is_requested = False

    async def execute_request(self, stream: ZMQStream, *request: Any) -> None:  # noqa: ANN401
        """Run a cell. Its start is reported first; from then on it can be interrupted."""
        Shell.instance().expect_code()
        loop = asyncio.get_running_loop()
        if loop.get_exception_handler() is None:
            loop.set_exception_handler(_report_in_context)
        self._is_requested = True
        self._loop = asyncio.get_running_loop()
        replies = _ImmediateReplies(stream, self)
        identity, parent, *_rest = request
        # In this thread, which runs the code: a thread that holds Python's lock can't delay it.
        replies.send_raw([*identity, ACCEPTED, parent["header"]["msg_id"].encode()])
        await super().execute_request(replies, *request)

    async def do_execute(self, *args: Any, **options: Any) -> dict[str, Any]:  # noqa: ANN401
        """Run code; release memory afterwards unless more code comes."""
        is_request, self._is_requested = self._is_requested, False
        self._memory.code_begins()
        reply: dict[str, Any] = {}
        failure: BaseException | None = None
        try:
            reply = await super().do_execute(*args, **options)
        except BaseException as error:
            if not is_request:
                raise
            # ipykernel would send no reply: it fails if an exception can't be converted to text.
            failure = error
        finally:
            self._memory.code_ended()
            if is_request:  # and not code that a cell runs through this method
                # Only the end of the output and the reply are left to be interrupted.
                signal.signal(signal.SIGINT, signal.SIG_IGN)
        if is_request:
            shell = Shell.instance()
            reply = {"execution_count": shell.execution_count - 1} | reply | shell.end_code(failure)
            shell.publish()
        return reply

    def end_with_loop(self, end: Callable[[], object]) -> None:
        """Let a forked child call `end` when its code returns to the event loop."""
        if self._loop is not None:
            ready = self._loop._ready  # type: ignore[attr-defined]  # noqa: SLF001 - asyncio's
            # The loop counts them before it runs them: none may be missing.
            number = len(ready) + 1
            ready.clear()
            for _handle in range(number):
                self._loop.call_soon(end)

    def _publish_status(self, status: str, *where: Any, **of: Any) -> None:  # noqa: ANN401
        """Report that a cell has ended; its start is reported by its code, which comes with it."""
        if status != "busy":
            super()._publish_status(status, *where, **of)
            self.iopub_thread.wake()

    @contextmanager
    def _cancel_on_sigint(self, future: "asyncio.Future[Any]") -> Iterator[None]:
        """Cancel a cell that awaits when it is interrupted.

        ipykernel's own version waits until the event loop wakes up next, which may be never.
        """
        loop = asyncio.get_running_loop()

        def cancel(_number: int, _frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(future.cancel)

        before = signal.signal(signal.SIGINT, cancel)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def raw_input(self, prompt: str = "") -> NoReturn:
        """Refuse `input()`. Raises StdinNotImplementedError."""
        raise StdinNotImplementedError(NO_INPUT.format("input"))

    def getpass(self, *_args: object, **_options: object) -> NoReturn:
        """Refuse `getpass.getpass()`. Raises StdinNotImplementedError."""
        raise StdinNotImplementedError(NO_INPUT.format("getpass"))


class _ImmediateReplies:
    """Stream that sends replies immediately: ipykernel's sends them after the cell's end."""

    def __init__(self, stream: ZMQStream, kernel: IPythonKernel) -> None:
        self._stream = stream
        self._kernel = kernel

    def send_multipart(self, frames: list[bytes], **options: Any) -> None:  # noqa: ANN401
        bounds = self._kernel.iopub_thread.bounds
        self.send_raw(fit_message(self._kernel.session, frames, bounds), **options)

    def send_raw(self, frames: list[bytes], **options: Any) -> None:  # noqa: ANN401
        self._stream.socket.send_multipart(frames, **options)
        # Sending consumes the descriptor's signal that a request has arrived.
        self._stream._rebuild_io_state()  # noqa: SLF001


def _report_in_context(loop: asyncio.AbstractEventLoop, failure: dict[str, Any]) -> None:
    """Report a callback's exception as output of the cell that scheduled the callback.

    asyncio reports it outside of the callback's context, in which no cell is known.
    """
    context = getattr(failure.get("handle"), "_context", None)
    report = partial(loop.default_exception_handler, failure)
    report() if context is None else context.run(report)


def _refuse(reason: str, *_arguments: str) -> NoReturn:
    raise UsageError(reason)


def _why_pip_fails() -> str:
    if "HTTPS_PROXY" in os.environ:
        return ": only hosts that the operator allows can be reached from here"
    if {name for _number, name in socket.if_nameindex()} > {"lo"}:
        return ""
    return ": there is no network here, so nothing can be installed"


def _has_text(error: BaseException) -> bool:
    """Return whether an exception can be converted to text, which IPython expects."""
    try:
        str(error)
    except Exception:  # noqa: BLE001 - user code runs here
        return False
    return True


def _has_group(error: BaseException | None) -> bool:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, BaseExceptionGroup):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False
