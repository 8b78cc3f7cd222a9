"""Read-eval-print loop of a session."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from cellblock_client.cli.connection import OpenedSession
from cellblock_client.cli.repl.commands import Context, find_command
from cellblock_client.cli.repl.prompt import Prompt
from cellblock_client.cli.repl.status import limit_lines, state_lines
from cellblock_client.cli.run import EXIT_FAILED, EXIT_OK, follow_execution
from cellblock_client.cli.terminal import Terminal, print_error
from cellblock_client.client import Client, Session
from cellblock_client.errors import Error
from cellblock_client.events import Event, KernelRestarted, Started
from cellblock_client.types import FailureCause

QUESTION = re.compile(r"\s*([^\W\d][\w.]*)(\?\??)\s*")
"""Pattern of lines that inspect a name and run nothing."""
LEAVING = {"exit", "quit", "exit()", "quit()"}
ENDED = {
    "SESSION_EXPIRED",
    "SESSION_DELETED",
    "SESSION_FAILED",
    "SESSION_ENDED",
    "SESSION_NOT_FOUND",
}
"""Reasons of errors after which no code can run in the session."""

WITH_SESSION = {FailureCause.SESSION_ENDED, FailureCause.SANDBOX_LOST}


class ReplTerminal(Terminal):
    """Terminal that also reports a replaced kernel."""

    def __init__(self, client: Client, folder: Path, session: Session) -> None:
        """Watch the kernels of `session`."""
        super().__init__(client, folder)
        self._session = session
        self._generation = session.info.kernel_generation

    def show(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, Started) and event.kernel_generation != self._generation:
            if event.kernel_generation > self._generation:
                loss = self._session.refresh().memory_loss
                why = f": {loss.message}" if loss is not None else ""
                self.note(f"[the kernel was replaced, variables are lost{why}]")
            self._generation = event.kernel_generation
        if isinstance(event, KernelRestarted):
            # Reported now: not again with the next execution.
            self._generation += 1
        super().show(event)

    def restarted(self) -> None:
        """Record a restart that the user requested."""
        self._generation = max(self._generation, self._session.info.kernel_generation)


class Repl:
    """Loop that reads code until Ctrl-D. Ctrl-C interrupts the code, or clears the line."""

    def __init__(
        self, opened: OpenedSession, terminal: ReplTerminal, environment: Mapping[str, str]
    ) -> None:
        """Run code in the session of `opened`, each piece with `environment`."""
        self._session = opened.session
        self._context = Context(opened, terminal.folder)
        self._environment = environment
        self._terminal = terminal

    def run(self, *, resumed: bool) -> int:
        """Run until the user leaves (0) or the session has ended (3), and return the exit code."""
        self._greet(resumed=resumed)
        if self._session.info.end_time is not None:
            return EXIT_FAILED
        prompt = Prompt(self._session)
        while True:
            try:
                code = prompt.read()
            except KeyboardInterrupt:
                continue
            except EOFError:
                return EXIT_OK
            if code.strip() in LEAVING:
                return EXIT_OK
            if not code.strip():
                continue
            try:
                self._run_line(code, prompt)
            except Error as error:
                print_error(error)
                if error.reason in ENDED:
                    return EXIT_FAILED
            except OSError as error:
                print_error(Error(f"{error.filename or 'failed'}: {error.strerror or error}"))
            except KeyboardInterrupt:
                sys.stderr.write("\n[not waiting any longer; the code may still be running]\n")

    def _greet(self, *, resumed: bool) -> None:
        info = self._session.info
        lines = [f"session {info.id}: %help lists commands, Ctrl-D leaves"]
        if resumed:
            lines += [*state_lines(info), *limit_lines(info)]
        sys.stderr.write("\n".join(lines) + "\n")

    def _run_line(self, code: str, prompt: Prompt) -> None:
        """Run a line. Raises Error, also for the error that ended the session."""
        if (found := find_command(code)) is not None:
            command, arguments = found
            command.run(self._context, arguments)
            self._terminal.restarted()
        elif (question := QUESTION.fullmatch(code)) is not None:
            name, marks = question.groups()
            sys.stdout.write(prompt.inspect(name, len(name), len(marks) - 1))
        else:
            execution = self._session.execute(code, environment=self._environment)
            failure = follow_execution(execution, self._terminal).failure
            if failure is not None and failure.cause in WITH_SESSION:
                # The server stores the session's end a moment later; the next call gets the reason.
                raise Error("the session has ended", reason="SESSION_ENDED")
