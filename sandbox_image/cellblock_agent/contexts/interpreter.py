"""Runner of executions: one at a time, in a kernel that is replaced when it is lost."""

import asyncio
import logging
import time
from collections.abc import Set
from pathlib import Path
from typing import Any

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_agent.contexts.code_end import CodeEnd
from cellblock_agent.contexts.code_questions import CodeQuestions
from cellblock_agent.contexts.environment import KernelEnvironment
from cellblock_agent.contexts.execution import Execution, StopRequest
from cellblock_agent.contexts.outputs import OutputRecorder
from cellblock_agent.files.file_watch import FileWatch
from cellblock_agent.files.statuses import RefusedError
from cellblock_agent.kernel.check import KernelCheck
from cellblock_agent.kernel.connection import ACCEPTED_KIND, Message, Question, new_context
from cellblock_agent.kernel.forkserver_client import ForkServerClient
from cellblock_agent.kernel.kernel import Kernel, KernelStartError, clear_sockets
from cellblock_agent.kernel.options import KernelOptions, KernelSettings
from cellblock_agent.output import translate
from cellblock_agent.output.journal import Journal
from cellblock_agent.output.kept_output import KeptOutput
from cellblock_agent.processes.helpers import Helpers
from cellblock_agent.processes.memory import format_bytes
from cellblock_agent.processes.memory_watch import MemoryWatch
from cellblock_agent.processes.reaper import describe_exit, kill_descendants, list_descendants
from cellblock_agent.timings import Timings

START_ATTEMPTS = 3
RESTART_SECONDS = 20.0
"""Longest start of a kernel that replaces another one."""
COLLECT_SECONDS = 2
"""Longest wait for the fork server to report a killed kernel's exit."""
SILENT = "the kernel did not answer"
BYTE_ORDER_MARK = "\ufeff"
"""Mark at the start of files from some editors: Python ignores it, the kernel would not."""
STUCK = "the kernel did not accept the code: earlier code still occupies it"
TURN_SECONDS = 10
"""Longest wait of a question for another question, or for a kernel that is being started."""

log = logging.getLogger(__name__)


class BusyError(RefusedError):
    """Another execution is running."""


class Interpreter:
    """Owner of the kernel. `run` keeps one alive; other calls return soon or wait for the lock."""

    def __init__(
        self,
        kernel_dir: Path,
        data_dir: Path,
        fork_server: ForkServerClient,
        journal: Journal,
        files: FileWatch,
        helpers: Helpers,
        memory: MemoryWatch,
        settings: KernelSettings,
        timings: Timings,
        start_timeout: float,
    ) -> None:
        """Run kernels from `fork_server` and store their events in `journal`.

        A kernel has `start_timeout` seconds to start, in each of `START_ATTEMPTS`.
        """
        self._kernel_dir = kernel_dir
        self._data_dir = data_dir
        self._fork_server = fork_server
        self._journal = journal
        self._files = files
        self._helpers = helpers
        self._memory = memory
        self._settings = settings
        self._timings = timings
        self._start_timeout = start_timeout
        self._context = new_context()
        self._kernel: Kernel | None = None
        self._questions: CodeQuestions | None = None
        """Questions to the current kernel."""
        self._environment: KernelEnvironment | None = None
        """Environment of the current kernel."""
        self._check: KernelCheck | None = None
        """Check of the current kernel."""
        self._code_end: CodeEnd | None = None
        """End of the code that was sent last."""
        self._settle_timer: asyncio.TimerHandle | None = None
        self._settling: asyncio.Task[None] | None = None
        """Task that verifies that the last execution has really ended."""
        self._turn = asyncio.Lock()
        self._ready = asyncio.Event()
        self._current: Execution | None = None
        self._execution: asyncio.Task[None] | None = None
        self._restarts: set[asyncio.Task[None]] = set()
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Error of a task, after which the kernel's state is unknown; `run` raises it."""
        self._last_id = ""
        self._variables: dict[str, str] = {}
        """Environment variables of every kernel."""
        self._outputs = OutputRecorder(journal)
        self._kept: tuple[str, KeptOutput] | None = None
        """Id and complete text of the last execution, if its events have only a part."""
        self.generation = 0
        """Number of the current kernel: 1 for the first."""

    @property
    def execution_id(self) -> str:
        """Id of the running execution; empty if none runs."""
        return self._current.id if self._current else ""

    @property
    def newest_execution_id(self) -> str:
        """Id of the execution that was started last; empty if there has been none."""
        return self._last_id

    async def until_ready(self) -> None:
        """Wait for the first kernel."""
        await self._ready.wait()

    async def run(self) -> None:
        """Keep a kernel alive until cancelled. Raises KernelStartError or ForkServerError."""
        try:
            await self._start()
            self._ready.set()
            while True:
                kernel = self._running()
                # A running execution replaces its kernel itself, while it holds the lock.
                either: set[asyncio.Future[Any]] = {kernel.ended, self._failure}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                if self._failure.done():
                    self._failure.result()
                async with self._turn:
                    if kernel is self._kernel:
                        end = describe_exit(kernel.ended.result())
                        await self._replace(f"the kernel ended while nothing ran ({end})")
        finally:
            self._stop_settling()
            for task in (self._execution, *self._restarts):
                if task is not None:
                    task.cancel()
            if self._kernel is not None:
                self._kernel.close()
            await self._kill_all()

    def start_execution(self, execution: Execution) -> None:
        """Start an execution; do nothing if it runs or was the last one. Raises BusyError."""
        if execution.id in (self.execution_id, self._last_id):
            return
        self._check_idle()
        if self._kept is not None:
            self._kept[1].close()
            self._kept = None
        if self._questions is not None:
            self._questions.interrupt_question()
        # The kernel has to accept this execution in time, which replaces the check.
        self._stop_settling()
        self._current = execution
        given = {**self._variables, **execution.environment}
        self._files.execution_begins((execution.code, *given.values()))
        self._last_id = execution.id
        self._execution = asyncio.create_task(self._execute(execution), name=execution.id)
        self._execution.add_done_callback(self._note_failure)

    def interrupt(self, execution_id: str, grace: float) -> None:
        """End an execution; do nothing if it does not run."""
        if self._current is not None and self._current.id == execution_id:
            self._current.request_stop(StopRequest(pb.OUTCOME_INTERRUPTED, "interrupted", grace))

    async def restart(self, reason: str) -> None:
        """Replace the kernel; a running execution ends as restarted.

        The restart is completed even if the caller leaves: otherwise a kernel could run without the
        session's variables, unnoticed.
        """
        await asyncio.shield(self._begin_restart(reason))

    async def set_environment(self, environment: dict[str, str]) -> None:
        """Set variables of this kernel and of all later ones. Raises BusyError."""
        self._check_idle()
        self._variables |= environment
        async with self._turn:
            await self._set_variables()

    async def ask_kernel(self, question: Question) -> Message:
        """Return the kernel's answer, while no code runs. Raises RefusedError if there is none."""
        self._check_idle()
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self._turn.acquire()
        except TimeoutError as error:
            raise BusyError("another question or a restart is in progress") from error
        try:
            # An execution that was started meanwhile waits for the lock, and must not wait long.
            self._check_idle()
            if self._questions is None:
                raise BusyError("the first kernel is being started")
            return await self._questions.ask_kernel(question)
        finally:
            self._turn.release()

    def kept_output(self, execution_id: str) -> KeptOutput | None:
        """Return the complete text of the last execution, if its events have only a part."""
        if self._kept is None or self._kept[0] != execution_id:
            return None
        return self._kept[1]

    def _check_idle(self) -> None:
        if self._current is not None:
            raise BusyError(f"execution {self._current.id} runs")

    async def _restart(self, reason: str) -> None:
        kernel = self._running()
        if self._current is not None:
            self._current.request_stop(StopRequest(pb.OUTCOME_RESTARTED, reason, grace=0))
        async with self._turn:
            if kernel is self._kernel:
                await self._replace(reason)

    def _begin_restart(self, reason: str) -> "asyncio.Task[None]":
        restart = asyncio.create_task(self._restart(reason), name="restart")
        self._restarts.add(restart)
        restart.add_done_callback(self._restarts.discard)
        restart.add_done_callback(self._note_failure)
        return restart

    def _note_failure(self, task: "asyncio.Task[None]") -> None:
        """Have `run` raise the error of an execution, its verification, or a restart.

        The kernel may lack the session's variables then, or code may run without a limit.
        """
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s failed: %s", task.get_name(), error)
            if not self._failure.done():
                self._failure.set_exception(error)

    async def _execute(self, execution: Execution) -> None:
        async with self._turn:
            try:
                finished = await self._run_code(execution)
                self._outputs.record_error(execution)
                finished.changes.CopyFrom(await self._files.changes_of_execution())
                self._outputs.finish_execution(execution)
                if execution.meter.has_cut_text:
                    execution.kept.finish()
                    finished.kept_output_bytes = execution.kept.size
                    self._kept = (execution.id, execution.kept)
                self._journal.append(
                    pb.Event(execution_finished=finished, execution_id=execution.id)
                )
            finally:
                self._current = None
                self._files.execution_ends()
                if self._kept is None or self._kept[1] is not execution.kept:
                    execution.kept.close()
        if execution.done.done():
            self._settle_timer = asyncio.get_running_loop().call_later(
                self._timings.check.settle, self._begin_settling, self._running(), execution
            )

    def _begin_settling(self, kernel: Kernel, execution: Execution) -> None:
        settling = self._settle(kernel, execution)
        self._settling = asyncio.create_task(settling, name=f"settle {execution.id}")
        self._settling.add_done_callback(self._note_failure)

    def _stop_settling(self) -> None:
        for settling in (self._settle_timer, self._settling):
            if settling is not None:
                settling.cancel()

    async def _settle(self, kernel: Kernel, execution: Execution) -> None:
        """Replace a kernel whose code runs on past its time limit after it reported its end."""
        code_end = self._code_end
        if code_end is None or kernel is not self._kernel:
            return
        if await code_end.is_verified() or kernel is not self._kernel:
            return
        message = f"code continued past its time limit of {execution.timeout:g} s after its end"
        log.warning("%s", message)
        self._begin_restart(message)

    async def _run_code(self, execution: Execution) -> pb.ExecutionFinished:
        kernel = self._running()
        oom_kills = self._memory.kills
        processes = list_descendants()
        environment, check = self._environment, self._check
        answers = environment is not None and await environment.set_for_execution(
            execution.environment
        )
        if answers:
            # Before the request: the kernel may have finished when this task continues.
            execution.asked_nanos = time.time_ns()
            execution.message_id = kernel.execute(execution.code.removeprefix(BYTE_ORDER_MARK))
        # The code is sent first. Its output is read in a later turn of the loop, after this event.
        started = pb.ExecutionStarted(kernel_generation=self.generation)
        self._journal.append(pb.Event(execution_started=started, execution_id=execution.id))
        if environment is None or check is None or not answers:
            return await self._give_up(execution, kernel, oom_kills)
        done = execution.done
        code_end = self._code_end = CodeEnd(execution, kernel, check, self._timings.check)
        if not await code_end.wait():
            return await self._give_up(execution, kernel, oom_kills, STUCK)
        if done.done():
            if not await environment.restore(execution.environment):
                return await self._give_up(execution, kernel, oom_kills)
            return _finished(pb.OUTCOME_RAN, "", execution)
        if kernel.ended.done():
            return await self._give_up(execution, kernel, oom_kills)
        stop = execution.stop.result() if execution.stop.done() else execution.time_limit()
        if stop.grace > 0:
            await code_end.interrupt(stop.grace, processes)
            # Kill the processes that the code started; earlier ones stay.
            await self._kill_all(processes)
            if done.done() and await environment.restore(execution.environment):
                return _finished(stop.outcome, stop.message, execution)
        await self._replace(stop.message, execution.id)
        return _finished(stop.outcome, stop.message, execution, memory_lost=True)

    async def _give_up(
        self, execution: Execution, kernel: Kernel, oom_kills: int, message: str = SILENT
    ) -> pb.ExecutionFinished:
        """End an execution whose kernel is dead or unresponsive."""
        outcome = pb.OUTCOME_KERNEL_DIED
        if kernel.ended.done():
            message = f"the kernel died: {describe_exit(kernel.ended.result())}"
        if self._memory.kills > oom_kills:
            limit = self._memory.limit
            outcome = pb.OUTCOME_OUT_OF_MEMORY
            message = "out of memory" + (f": limit {format_bytes(limit)}" if limit else "")
        await self._replace(message, execution.id)
        return _finished(outcome, message, execution, memory_lost=True)

    async def _replace(self, reason: str, execution_id: str = "") -> None:
        """Kill all that user code started, and start a new kernel."""
        kernel = self._running()
        await self._kill_all()
        await self._collect(kernel)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(kernel.drain())
            tasks.create_task(self._start())
        kernel.close()
        log.info("kernel %d started: %s", self.generation, reason)
        restarted = pb.KernelRestarted(kernel_generation=self.generation, reason=reason)
        self._journal.append(pb.Event(kernel_restarted=restarted, execution_id=execution_id))

    async def _collect(self, kernel: Kernel) -> None:
        """Wait until a killed kernel's exit status is known."""
        await asyncio.wait({kernel.ended}, timeout=COLLECT_SECONDS)
        if not kernel.ended.done():
            # User code has stopped the fork server, which should report it. When the fork server
            # ends, its children become children of the agent.
            self._fork_server.kill()
        await kernel.ended

    async def _start(self) -> None:
        for attempt in range(1, START_ATTEMPTS + 1):
            try:
                clear_sockets(self._kernel_dir)
                options = KernelOptions.fresh(self._kernel_dir, self._data_dir, self._settings)
                # Not shorter: a kernel that is slow because the machine is busy would be killed,
                # and the next one would start over.
                seconds = self._start_timeout
                if self.generation > 0:
                    # For later kernels the server waits less.
                    seconds = min(seconds, RESTART_SECONDS)
                kernel = await Kernel.start(self._fork_server, self._context, options, seconds)
                break
            except KernelStartError as error:
                log.warning("no kernel at attempt %d: %s", attempt, error)
                if attempt == START_ATTEMPTS:
                    raise
        kernel.listen(self._on_output, self._on_reply)
        self._kernel, self._questions = kernel, CodeQuestions(kernel, self._timings.questions)
        self.generation += 1
        self._environment = KernelEnvironment(kernel)
        self._check = KernelCheck(kernel)
        if self._variables:
            await self._set_variables()

    async def _set_variables(self) -> None:
        if self._environment is None or not await self._environment.set_permanently(
            self._variables
        ):
            raise KernelStartError("the kernel did not set its environment variables")

    async def _kill_all(self, spare: Set[int] = frozenset()) -> None:
        """Kill all that user code started, except `spare`.

        Zombies of a spared process are left for that process to reap.
        """
        if not await kill_descendants(
            lambda: spare | {self._fork_server.pid} | self._helpers.pids, zombies=not spare
        ):
            log.error("some processes could not be killed")

    def _running(self) -> Kernel:
        if self._kernel is None:
            raise RuntimeError("the first kernel has not been started")
        return self._kernel

    def _on_output(self, message: Message) -> None:
        if self._questions is None or not self._questions.accept_output(message):
            self._outputs.record_message(message, self._current)

    def _on_reply(self, message: Message) -> None:
        if message["msg_type"] == ACCEPTED_KIND:
            if (
                self._current is not None
                and translate.parent_of(message) == self._current.message_id
            ):
                self._current.note_accepted()
            return
        if self._check is not None and self._check.accept_reply(message):
            return
        if self._questions is not None and self._questions.accept_reply(message):
            return
        if self._environment is not None and self._environment.accept_reply(message):
            return
        execution = self._current
        if execution is not None and translate.parent_of(message) == execution.message_id:
            execution.note_reply(message)


def _finished(
    outcome: pb.Outcome.ValueType, message: str, execution: Execution, *, memory_lost: bool = False
) -> pb.ExecutionFinished:
    if memory_lost:
        message += "; a new kernel was started, and all variables are lost"
    return pb.ExecutionFinished(
        outcome=outcome,
        message=message,
        memory_lost=memory_lost,
        execution_count=translate.execution_count_of(execution.reply or {}),
        kernel_begin_nanos=execution.begin_nanos,
        kernel_end_nanos=execution.end_nanos,
    )
