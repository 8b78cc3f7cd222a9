"""A read-eval-print loop against a session."""

import sys
from codeop import CommandCompiler
from collections.abc import Mapping

from prompt_toolkit import PromptSession
from prompt_toolkit.history import InMemoryHistory

from cellblock_client.cli.connection import Opened
from cellblock_client.cli.run import follow
from cellblock_client.cli.terminal import Terminal, complain
from cellblock_client.cli.words import shown_path
from cellblock_client.errors import Error

HELP = """\
Python is run in the session. Besides:
  :attach PATH    put a file or folder at /mnt/data
  :files          list what lies in /mnt/data
  :get PATH       fetch a file from /mnt/data
  :restart        a fresh kernel: variables are lost, files stay
  :quit           leave, like Ctrl-D
"""


class Repl:
    """Reads code until Ctrl-D. Ctrl-C interrupts the code, or clears the line."""

    def __init__(self, opened: Opened, terminal: Terminal, environment: Mapping[str, str]) -> None:
        """Run code in the session of `opened`, each piece with `environment`."""
        self._opened = opened
        self._environment = environment
        self._terminal = terminal
        self._prompt: PromptSession[str] = PromptSession(history=InMemoryHistory())

    def run(self) -> None:
        """Run until the user leaves."""
        sys.stderr.write(f"session {self._opened.session.id} — :help for help\n")
        while True:
            try:
                code = self._read()
            except KeyboardInterrupt:
                continue
            except EOFError:
                return
            if code.strip() in (":quit", ":q"):
                return
            try:
                self._act(code)
            except Error as error:
                complain(error)
            except KeyboardInterrupt:
                sys.stderr.write("\n[not waiting any longer; the code may go on]\n")

    def _read(self) -> str:
        """One piece of code: a line, or a block that an empty line ends."""
        lines = [self._prompt.prompt(">>> ")]
        while _is_unfinished("\n".join(lines)):
            lines.append(self._prompt.prompt("... "))
        return "\n".join(lines)

    def _act(self, code: str) -> None:
        if not code.strip():
            return
        if code.startswith(":"):
            self._command(*code[1:].split(maxsplit=1))
            return
        execution = self._opened.session.execute(code, environment=self._environment)
        follow(execution, self._terminal)

    def _command(self, name: str = "", argument: str = "") -> None:
        session = self._opened.session
        match name:
            case "attach":
                try:
                    print(session.attach(argument).path)  # noqa: T201
                except OSError as error:
                    raise Error(f"{argument}: {error.strerror}") from error
            case "files":
                for file in session.files.list():
                    print(f"{file.bytes:>12}  {shown_path(file)}")  # noqa: T201
            case "get":
                path = self._terminal.free_path(argument)
                session.files.download(argument, path)
                print(path)  # noqa: T201
            case "restart":
                session.restart()
            case _:
                print(HELP, end="")  # noqa: T201


def _is_unfinished(code: str) -> bool:
    if code.startswith((":", "%", "!")) and not code.startswith("%%"):
        return False
    if code.startswith("%%"):
        return not code.endswith("\n")
    try:
        return CommandCompiler()(code) is None
    except (SyntaxError, ValueError, OverflowError):
        # The kernel knows more than plain Python, and tells errors better.
        return False
