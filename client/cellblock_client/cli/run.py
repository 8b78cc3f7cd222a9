"""Runs code and follows it; Ctrl-C interrupts the code."""

import signal
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import FrameType

from cellblock_client.cli.connection import OpenedSession
from cellblock_client.cli.terminal import Terminal
from cellblock_client.cli.words import sanitized
from cellblock_client.client import Execution
from cellblock_client.errors import ServerError
from cellblock_client.events import Completed
from cellblock_client.types import ExecutionInfo, ExecutionStatus

EXIT_OK, EXIT_EXCEPTION, EXIT_FAILED, EXIT_INTERRUPTED = 0, 1, 3, 130


def run_code(
    opened: OpenedSession,
    code: str,
    terminal: Terminal,
    time_limit: float | None,
    environment: Mapping[str, str],
) -> int:
    """Run code to its end, and return the exit code for its result."""
    execution = opened.session.execute(code, time_limit=time_limit, environment=environment)
    return exit_code(follow_execution(execution, terminal))


def run_for_model(
    opened: OpenedSession,
    code: str,
    time_limit: float | None,
    environment: Mapping[str, str],
    max_characters: int,
) -> int:
    """Run code to its end, write its text for a model, and return the exit code."""
    execution = opened.session.execute(code, time_limit=time_limit, environment=environment)
    with _cancel_on_interrupt(execution):
        end = execution.result()
        sys.stdout.write(sanitized(end.for_model(max_characters)) + "\n")
    return exit_code(end.execution)


def follow_execution(execution: Execution, terminal: Terminal) -> ExecutionInfo:
    """Show an execution to its end.

    The first Ctrl-C interrupts the code, and its end is still shown. The second one raises
    KeyboardInterrupt, and the code keeps running.
    """
    with _cancel_on_interrupt(execution):
        for event in execution:
            terminal.show(event)
            if isinstance(event, Completed):
                terminal.finish()
                return event.execution
    raise ServerError("the event stream ended before the execution completed")


@contextmanager
def _cancel_on_interrupt(execution: Execution) -> Iterator[None]:
    """Let Ctrl-C cancel an execution.

    It uses a thread: an exception in the middle of gRPC's own waiting can leave its locks held.
    """
    pool = ThreadPoolExecutor(1)
    asked: list[Future[ExecutionInfo]] = []

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(pool.submit(execution.cancel))

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        pool.shutdown(wait=False)
        for request in asked:
            if request.done() and (error := request.exception()) is not None:
                raise error


def exit_code(end: ExecutionInfo) -> int:
    """Return the exit code for the end of an execution."""
    if end.status is ExecutionStatus.CANCELLED:
        return EXIT_INTERRUPTED
    if end.failure is not None:
        return EXIT_FAILED
    return EXIT_EXCEPTION if end.error is not None else EXIT_OK
