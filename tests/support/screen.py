"""A command at a terminal, and the screen that its user sees."""

import contextlib
import fcntl
import os
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyte

CELLBLOCK = str(Path(sys.executable).parent / "cellblock")
COLUMNS, LINES = 140, 50
SEEN_SECONDS = 30
LOOK_SECONDS = 0.1
TAB, ENTER, CTRL_C, CTRL_D, CTRL_P, F1 = "\t", "\r", "\x03", "\x04", "\x10", "\x1bOP"


class Screen:
    """A terminal for one process. Doesn't fork, which gRPC's threads don't support."""

    def __init__(self, arguments: list[str], folder: Path, environment: dict[str, str]) -> None:
        self._ours, its = os.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self._screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._screen)
        self.raw = b""
        """All output of the process."""
        self.process = subprocess.Popen(
            # Jobs that a shell runs in the background ignore Ctrl-C, and so does what they start.
            ["setsid", "--ctty", "env", "--default-signal=INT", CELLBLOCK, *arguments],
            cwd=folder,
            stdin=its,
            stdout=its,
            stderr=its,
            env=environment,
        )
        os.close(its)

    @property
    def text(self) -> str:
        """Return the visible text."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    @property
    def session_id(self) -> str:
        """Return the session's id, which a REPL prints first."""
        return self.text.split()[1].rstrip(":")

    @property
    def last_line(self) -> str:
        return self.text.rpartition("\n")[2]

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def enter(self, line: str) -> None:
        """Type a line that runs, and wait for the next prompt."""
        self.type(line)
        self.wait_for(line)
        before = len(self.raw)
        self.type(ENTER)
        self._until(lambda: len(self.raw) > before and self.last_line == ">>>")

    def wait_for(self, *texts: str) -> None:
        self._until(lambda: all(text in self.text for text in texts))

    def wait_for_times(self, text: str, times: int) -> None:
        self._until(lambda: self.text.count(text) == times)

    def wait_for_line(self, line: str) -> None:
        """Wait until the last line has this text."""
        self._until(lambda: self.last_line == line)

    def exit_code(self) -> int:
        """Wait for the end and return the exit code."""
        self._until(lambda: self.process.poll() is not None)
        return int(self.process.wait())

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._ours)

    def _until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + SEEN_SECONDS
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"not seen within {SEEN_SECONDS} s:\n{self.text}")
            if select.select([self._ours], [], [], LOOK_SECONDS)[0]:
                # The other end is gone: EIO, Linux's end of file for a terminal.
                with contextlib.suppress(OSError):
                    data = os.read(self._ours, 65536)
                    self.raw += data
                    self._stream.feed(data)


@contextlib.contextmanager
def at_a_terminal(*arguments: str, folder: Path, **variables: str) -> Iterator[Screen]:
    """Start the CLI in a terminal, with its home in `folder`."""
    environment = {name: value for name, value in os.environ.items() if "CELLBLOCK" not in name}
    environment |= {
        "TERM": "xterm-256color",
        "HOME": str(folder),
        # The emulated terminal doesn't answer requests for the cursor's position.
        "PROMPT_TOOLKIT_NO_CPR": "1",
        **variables,
    }
    for name in ("NO_COLOR", "FORCE_COLOR", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        if name not in variables:
            environment.pop(name, None)
    screen = Screen(list(arguments), folder, environment)
    try:
        yield screen
    finally:
        screen.close()
