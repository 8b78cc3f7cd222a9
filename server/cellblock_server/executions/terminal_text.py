"""What text for a terminal looks like in the end: no escapes, nothing overwritten.

Source: ECMA-48 for the control functions; of these, the ones that progress bars use
are obeyed, and all others are left out. The work is linear in the text's length.
"""

import re

TOKENS = re.compile(
    r"\x1b\[(?P<parameters>[0-9:;<=>?]*)[ -/]*(?P<function>[@-~])"  # a control sequence
    # A command string, such as a window's title.
    r"|(?P<string>\x1b[\]PX^_][^\x07\x1b]{0,4096}(?:\x07|\x1b\\))"
    r"|(?P<escape>\x1b[ -/]*[0-~]?)"
    r"|(?P<move>[\r\n\b])"
    r"|(?P<text>[^\x1b\r\n\b]+)",
    re.DOTALL,
)
SPECIAL = re.compile(r"[\x1b\r\b]")
UNPRINTABLE = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(127, 160)])
"""Control characters but tab and line feed; carriage return is obeyed."""


def resolved(text: str) -> str:
    """The text as it is left on an endless screen."""
    if not SPECIAL.search(text):
        return text.translate(UNPRINTABLE)
    screen = _Screen()
    for token in TOKENS.finditer(text):
        if token["text"] is not None:
            screen.write(token["text"].translate(UNPRINTABLE))
        elif token["move"] is not None:
            screen.move(token["move"])
        elif token["function"] is not None:
            screen.control(token["function"], token["parameters"])
    return screen.text()


class _Screen:
    """Lines of characters, and a place in them. It never moves past what is written."""

    def __init__(self) -> None:
        self._rows: list[list[str]] = [[]]
        self._row = 0
        self._column = 0

    def write(self, text: str) -> None:
        row = self._rows[self._row]
        row[self._column : self._column + len(text)] = text
        self._column += len(text)

    def move(self, sign: str) -> None:
        if sign == "\b":
            self._column = max(0, self._column - 1)
            return
        self._column = 0
        if sign == "\n":
            self._row += 1
            if self._row == len(self._rows):
                self._rows.append([])

    def control(self, function: str, parameters: str) -> None:
        number = int(parameters[:6]) if parameters[:6].isdecimal() else 0
        match function:
            case "A":
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

    def text(self) -> str:
        return "\n".join("".join(row) for row in self._rows)

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
