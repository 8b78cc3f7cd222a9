"""Exceptions of a cell: which one ended it, and which ones are only shown.

IPython shows every exception in the same way: the one that ends a cell, one that a display, a
callback or `%run` has caught, and one that the code itself shows. Only the first is the cell's
end; the reply has it. The others are text, as those that `traceback.print_exc` writes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from IPython.core.interactiveshell import ExecutionResult

from cellblock_agent.output.exception_text import cut_exception, text_of

MAX_HELD = 16
"""Maximum number of exceptions that wait for the end of the cell."""


class CellErrors:
    """Exceptions that IPython has shown during one cell."""

    def __init__(self) -> None:
        """Expect a cell."""
        self._depth = 0
        """Number of cells that run: code can run a cell within its own."""
        self._running: ExecutionResult | None = None
        """Result of the outermost cell, from the start of its code on."""
        self._result: ExecutionResult | None = None
        """Result of the outermost cell, after its end."""
        self._failure: BaseException | None = None
        """Exception of IPython itself."""
        self._held: list[tuple[BaseException, list[str]]] = []
        self._unshown: BaseException | None = None
        """Exception of the cell's result while it was converted to text or HTML."""

    @contextmanager
    def watch_cell(self) -> Iterator[None]:
        """Observe a cell, whose result is passed to `end_cell`."""
        self._depth += 1
        try:
            yield
        except BaseException as error:
            self._failure = error
            raise
        finally:
            self._depth -= 1

    def begin_code(self, result: ExecutionResult | None) -> None:
        """Record that the code of a cell begins."""
        if self._running is None and self._depth == 1:
            self._running = result

    def end_cell(self, result: ExecutionResult) -> None:
        """Record the result of a cell; the outermost one counts."""
        if self._result is None and self._depth == 1:
            self._result = result

    def hold_error(self, error: BaseException, lines: list[str], *, is_of_result: bool) -> bool:
        """Keep an exception that may end the cell; return False if it is only to be shown.

        Before the code starts, only the result says which one ends the cell. If the value of the
        last expression can't be shown (`is_of_result`), that ends the cell for ipykernel, too.
        """
        running = self._running
        if is_of_result and self._depth == 1 and self._unshown is None:
            self._unshown = error
        elif (
            running is not None
            and error is not running.error_in_exec
            and error is not self._failure
        ):
            return False
        if len(self._held) == MAX_HELD:
            return False
        self._held.append((error, lines))
        return True

    def describe_end(self, failure: BaseException | None) -> tuple[dict[str, Any], list[list[str]]]:
        """Return the end for the reply, and the tracebacks of all other exceptions.

        `failure` is the exception of the kernel itself, if it has one.
        """
        final = self._final_error(failure)
        own = [lines for error, lines in self._held if error is final]
        others = [lines for error, lines in self._held if error is not final]
        if final is None:
            return {"status": "ok"}, others
        name, value = type(final).__name__, text_of(final)
        shown = own[0] if own else [f"{name}: {value}".rstrip(": ")]
        cut = cut_exception(name, value, shown)
        end = {"ename": cut.name, "evalue": cut.value, "traceback": cut.traceback}
        return {"status": "error"} | end, others

    def _final_error(self, failure: BaseException | None) -> BaseException | None:
        """Return the exception that ended the cell. Its class may define its truth value."""
        if self._result is not None:
            found = (self._result.error_before_exec, self._result.error_in_exec, self._unshown)
        else:
            found = (self._failure, failure, self._unshown)
        return next((error for error in found if error is not None), None)
