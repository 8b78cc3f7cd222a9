"""Rendering of terminal text: without escapes and overwritten characters, as it becomes final.

Source: ECMA-48 for the control functions. Those that progress bars use are applied, all others are
removed. The time is linear in the text's length.
"""

import re
from itertools import chain

HEIGHT = 24
"""Number of lines that can still change once the cursor has moved up: a usual terminal height."""
TOKENS = re.compile(
    r"\x1b\[(?P<parameters>[0-9:;<=>?]*)[ -/]*(?P<function>[@-~])"  # a control sequence
    # A command string, such as a window's title.
    r"|(?P<string>\x1b[\]PX^_][^\x07\x1b]{0,4096}(?:\x07|\x1b\\))"
    r"|(?P<escape>\x1b[ -/]*[0-~]?)"
    r"|(?P<move>[\r\n\b])"
    r"|(?P<text>[^\x1b\r\n\b]+)",
    re.DOTALL,
)
UNFINISHED = re.compile(r"\x1b(?:\[[0-9:;<=>?]*[ -/]*|[\]PX^_][^\x07\x1b]{0,4096}\x1b?|[ -/]*)\Z")
"""An incomplete escape sequence, whose end may follow in the next text."""
UNPRINTABLE = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(127, 160)])
"""Control characters except tab and line feed; carriage return is handled before."""


class Terminal:
    """Unlimited screen whose lines become final from the top.

    A line is final when the next one begins: until then a carriage return or backspace can change
    it. Once a control sequence has moved the cursor up, the newest `HEIGHT` lines stay changeable.
    """

    def __init__(self) -> None:
        """Start with one empty line."""
        self._screen = _Screen()
        self._rest = ""
        self._source = ""

    def write(self, text: str, source: str = "", *, on_own_lines: bool = False) -> str:
        """Write text, optionally on lines of its own. Return the text that became final.

        `source` names the stream that it comes from: no stream writes over the line of another one,
        or continues one that is a progress bar.
        """
        screen = self._screen
        if source != self._source:
            self._end_escape()
            screen.leave_progress(for_block=on_own_lines)
        self._source = source
        if on_own_lines:
            self._end_escape()
            screen.end_line()
        text = self._rest + text
        unfinished = UNFINISHED.search(text)
        self._rest = unfinished.group() if unfinished else ""
        screen.show(text.removesuffix(self._rest) if self._rest else text)
        if on_own_lines:
            self._end_escape()
            screen.end_line()
        return screen.take_final()

    def flush(self) -> str:
        """Return all remaining text and empty the screen."""
        self._end_escape()
        left = self._screen.text()
        self._screen = _Screen()
        return left

    def clear(self) -> None:
        """Discard all text that is not final."""
        self._screen = _Screen()
        self._rest = ""

    def _end_escape(self) -> None:
        """Process an escape sequence that was never completed."""
        rest, self._rest = self._rest, ""
        self._screen.show(rest)


class _Screen:
    """Lines of characters and a cursor, which never moves past the written text."""

    def __init__(self) -> None:
        self._rows: list[list[str]] = [[]]
        self._row = 0
        self._column = 0
        self._goes_up = False
        self._is_progress = False
        """Whether the cursor's line is one that is written again and again."""

    def show(self, text: str) -> None:
        for token in TOKENS.finditer(text):
            if token["text"] is not None:
                self._write(token["text"].translate(UNPRINTABLE))
            elif token["move"] is not None:
                self._move(token["move"])
            elif token["function"] is not None:
                self._control(token["function"], token["parameters"])

    def leave_progress(self, *, for_block: bool) -> None:
        """Keep the text that follows out of a progress bar's line, and off other text.

        Before a block, such as a traceback, the line's last state stays: its writer has ended.
        """
        row = self._rows[self._row]
        if self._is_progress and self._column == 0 and not for_block:
            # Its writer is about to replace it.
            row.clear()
        elif row and (self._is_progress or self._column < len(row)):
            self.end_line()

    def end_line(self) -> None:
        """Start a new line below all others, unless the last one is empty."""
        self._row, self._column = len(self._rows) - 1, 0
        if self._rows[self._row]:
            self._move("\n")

    def take_final(self) -> str:
        """Remove and return the lines that can't change any more."""
        waiting = HEIGHT if self._goes_up else 1
        count = min(len(self._rows) - waiting, self._row)
        if count <= 0:
            return ""
        final, self._rows = self._rows[:count], self._rows[count:]
        self._row -= count
        return "".join(chain.from_iterable([*row, "\n"] for row in final))

    def text(self) -> str:
        return "\n".join("".join(row) for row in self._rows)

    def _write(self, text: str) -> None:
        row = self._rows[self._row]
        row[self._column : self._column + len(text)] = text
        self._column += len(text)

    def _move(self, sign: str) -> None:
        if sign == "\b":
            self._column = max(0, self._column - 1)
            return
        self._column = 0
        self._is_progress = sign == "\r"
        if sign == "\n":
            self._row += 1
            if self._row == len(self._rows):
                self._rows.append([])

    def _control(self, function: str, parameters: str) -> None:
        number = int(parameters[:6]) if parameters[:6].isdecimal() else 0
        match function:
            case "A":
                self._goes_up = True
                self._go(self._row - max(1, number), self._column)
            case "B":
                self._go(self._row + max(1, number), self._column)
            case "C":
                self._go(self._row, self._column + max(1, number))
            case "D":
                self._go(self._row, self._column - max(1, number))
            case "G":
                self._go(self._row, max(1, number) - 1)
            case "K":
                self._erase(number)
            case "J" if number == 0:
                self._erase(0)
                del self._rows[self._row + 1 :]
            case "J" if number >= 2:
                self._rows = [[]]
                self._row = self._column = 0

    def _go(self, row: int, column: int) -> None:
        self._row = min(max(0, row), len(self._rows) - 1)
        self._column = min(max(0, column), len(self._rows[self._row]))

    def _erase(self, number: int) -> None:
        row = self._rows[self._row]
        if number == 0:
            del row[self._column :]
        elif number == 1:
            row[: self._column] = " " * self._column
        else:
            row.clear()
            self._column = 0
