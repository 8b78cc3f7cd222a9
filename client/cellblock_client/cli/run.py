"""Runs code and follows it; Ctrl-C interrupts the code."""

from cellblock_client.cli.connection import Opened
from cellblock_client.cli.terminal import Terminal
from cellblock_client.client import Execution
from cellblock_client.errors import NotFoundError
from cellblock_client.events import Completed
from cellblock_client.types import ExecutionInfo, ExecutionStatus

EXIT_OK, EXIT_EXCEPTION, EXIT_FAILED, EXIT_INTERRUPTED = 0, 1, 3, 130


def run_code(opened: Opened, code: str, terminal: Terminal, time_limit: float | None = None) -> int:
    """Run code to its end; the exit code that tells how it ended."""
    execution = opened.session.execute(code, time_limit=time_limit)
    return exit_code(follow(execution, terminal))


def follow(execution: Execution, terminal: Terminal) -> ExecutionInfo | None:
    """Show an execution to its end; None if it was interrupted before it was accepted.

    The first Ctrl-C interrupts the code, and its end is still shown; the second
    one stops looking.
    """
    interrupted = False
    while True:
        try:
            for event in execution:
                terminal.show(event)
                if isinstance(event, Completed):
                    terminal.finish()
                    return event.execution
        except KeyboardInterrupt:
            if interrupted:
                raise
            interrupted = True
            try:
                execution.cancel()
            except NotFoundError:
                return None


def exit_code(end: ExecutionInfo | None) -> int:
    """How an execution ended, as an exit code."""
    if end is None or end.status is ExecutionStatus.CANCELLED:
        return EXIT_INTERRUPTED
    if end.failure is not None:
        return EXIT_FAILED
    return EXIT_EXCEPTION if end.error is not None else EXIT_OK
