"""Prompt for one or more lines of code."""

import sys
from codeop import CommandCompiler

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app, run_in_terminal
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.filters import Condition, has_completions
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import PygmentsLexer
from prompt_toolkit.output import ColorDepth
from pygments.lexers.python import PythonLexer

from cellblock_client.cli.colours import takes_colours
from cellblock_client.cli.repl.commands import COMMANDS, name_of
from cellblock_client.cli.repl.completion import KernelCompleter
from cellblock_client.cli.repl.history import open_history
from cellblock_client.cli.user_folders import USER_FOLDERS
from cellblock_client.cli.words import COLOUR, sanitized
from cellblock_client.client import Session
from cellblock_client.errors import Error
from cellblock_client.introspection import CodeStatus

ENTER_SECONDS = 2.0
"""Maximum seconds that Enter waits for the kernel; then plain Python decides."""
INSPECT_SECONDS = 8.0
INDENT = "    "


class Prompt:
    """Prompt that reads one piece of code after the other."""

    def __init__(self, session: Session) -> None:
        """Ask `session`'s kernel for completions, and whether code is complete."""
        self._session = session
        self._notice = ""
        in_colour = takes_colours(sys.stdout)
        self._in_colour = in_colour
        self._prompt: PromptSession[str] = PromptSession(
            multiline=True,
            prompt_continuation="... ",
            key_bindings=self._bindings(),
            history=open_history(USER_FOLDERS.user_state_path),
            # In grey: without colours it would look like typed text.
            auto_suggest=AutoSuggestFromHistory() if in_colour else None,
            lexer=PygmentsLexer(PythonLexer) if in_colour else None,
            color_depth=None if in_colour else ColorDepth.DEPTH_1_BIT,
            completer=KernelCompleter(session, self._tell),
            complete_in_thread=True,
            complete_while_typing=False,
            bottom_toolbar=self._toolbar,
        )

    def read(self) -> str:
        """Read one piece of code. Raises KeyboardInterrupt for Ctrl-C, EOFError for Ctrl-D."""
        self._notice = ""
        return self._prompt.prompt(">>> ")

    def inspect(self, code: str, place: int, detail_level: int = 0) -> str:
        """Describe the name at a position, for a terminal. Raises Error."""
        answer = self._session.inspect(
            code, place, detail_level=detail_level, timeout=INSPECT_SECONDS
        )
        if not answer.found:
            return "no such name\n"
        text = sanitized(answer.data.get("text/plain", ""))
        return (text if self._in_colour else COLOUR.sub("", text)).rstrip("\n") + "\n"

    def _tell(self, notice: str) -> None:
        self._notice = notice

    def _toolbar(self) -> str | None:
        return self._notice or None

    def _bindings(self) -> KeyBindings:
        bindings = KeyBindings()

        @bindings.add("enter")
        def _enter(event: KeyPressEvent) -> None:
            self._enter(event)

        @bindings.add("escape", "enter")
        def _new_line(event: KeyPressEvent) -> None:
            event.current_buffer.newline()

        @bindings.add("tab", filter=Condition(_is_at_indent) & ~has_completions)
        def _indent(event: KeyPressEvent) -> None:
            event.current_buffer.insert_text(INDENT)

        @bindings.add("f1")
        def _inspect(event: KeyPressEvent) -> None:
            buffer = event.current_buffer
            try:
                answer = self.inspect(buffer.text, buffer.cursor_position)
            except Error as error:
                self._tell(error.message)
                return
            run_in_terminal(lambda: sys.stdout.write(answer))

        return bindings

    def _enter(self, event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        state = buffer.complete_state
        if state is not None and state.current_completion is not None:
            buffer.complete_state = None
        elif "\n" in buffer.document.text_after_cursor:
            buffer.newline()
        elif (indent := self._indent_of_more(buffer.text)) is None:
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n" + indent)

    def _indent_of_more(self, code: str) -> str | None:
        """Return the indentation of the next line; None if the code is complete or invalid."""
        if not code.strip() or is_command(code):
            return None
        try:
            answer = self._session.is_complete(code, timeout=ENTER_SECONDS)
        except Error:
            # The kernel is busy or away: use plain Python's verdict until the code runs.
            return "" if is_unfinished(code) else None
        return answer.indent if answer.status is CodeStatus.INCOMPLETE else None


def is_command(code: str) -> bool:
    """Return whether the text is a command of the REPL."""
    return name_of(code) in COMMANDS and "\n" not in code.strip()


def is_unfinished(code: str) -> bool:
    """Return whether plain Python would wait for more."""
    try:
        return CommandCompiler()(code) is None
    except (SyntaxError, ValueError, OverflowError):
        # The kernel knows more than plain Python, and reports errors better.
        return False


def _is_at_indent() -> bool:
    return not get_app().current_buffer.document.current_line_before_cursor.strip()
