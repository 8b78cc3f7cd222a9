"""Completion by Tab: names of the session, from its kernel, and the REPL's commands."""

from collections.abc import Callable, Iterable

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from cellblock_client.cli.repl.commands import COMMANDS
from cellblock_client.client import Session
from cellblock_client.errors import Error

ANSWER_SECONDS = 8.0
"""Seconds to wait for a response: longer than the server gives the kernel."""


class KernelCompleter(Completer):
    """Completer that asks the session's kernel; to be called in a thread."""

    def __init__(self, session: Session, notice: Callable[[str], None]) -> None:
        """Report to `notice` why there are no completions."""
        self._session = session
        self._notice = notice

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """Yield possible completions at the cursor."""
        text, place = document.text, document.cursor_position
        if text[:place].startswith("%") and text[:place][1:].isalpha():
            for name, command in COMMANDS.items():
                if name.startswith(text[:place]):
                    yield Completion(name, -place, display_meta=command.help)
        try:
            found = self._session.complete(text, place, timeout=ANSWER_SECONDS)
        except Error as error:
            self._notice(error.message)
            return
        before = text[found.cursor_start : place]
        for item in found.items:
            # Control characters, which a terminal would interpret, are not part of a name.
            if item.text.isprintable() and item.text != before:
                shown = item.text.rpartition(".")[2] or item.text
                yield Completion(
                    item.text, found.cursor_start - place, display=shown, display_meta=item.type
                )
