"""Code that floods, and a process that has a session run it again and again."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Event

from cellblock_client import Client
from cellblock_client.client import Session
from cellblock_client.events import Stdout

BEGIN_SECONDS = 60
RUN_SECONDS = 600


@dataclass(frozen=True)
class Flood:
    """Kind of code that prints much."""

    name: str
    line: int
    """Length of one line in bytes, its end included."""
    write: str
    """Statement that writes `line`."""

    def code(self, size: int) -> str:
        """Return code that prints `size` bytes, a multiple of a line's length."""
        return (
            f'import os\nline = "x" * {self.line - 1}\nblock = line.encode() + b"\\n"\n'
            f"for _ in range({size // self.line}):\n    {self.write}\n"
        )


LINES = Flood("print, lines of 50 kB", 50_000, "print(line)")
BLOCKS = Flood("os.write, blocks of 50 kB", 50_000, "os.write(1, block)")
TINY = Flood("print, lines of 8 bytes", 8, "print(line)")


@contextmanager
def running(address: str, session: Session, code: str) -> Iterator[None]:
    """Have `session` run `code`, which prints, repeatedly until the block is left.

    Its output is read in a process of its own, so that it does not slow down the process that
    measures.
    """
    context = multiprocessing.get_context("spawn")
    begun, stop = context.Event(), context.Event()
    arguments = (address, session.id, code, begun, stop)
    process = context.Process(target=_run_until, args=arguments, daemon=True)
    process.start()
    try:
        if not begun.wait(BEGIN_SECONDS):
            raise TimeoutError(f"the other session printed nothing within {BEGIN_SECONDS} s")
        yield
        if not process.is_alive():
            raise RuntimeError("the other session stopped too early")
    finally:
        stop.set()
        session.restart()
        process.join()


def _run_until(address: str, session_id: str, code: str, begun: Event, stop: Event) -> None:
    with Client(address) as client:
        session = client.sessions.get(session_id)
        while not stop.is_set():
            for event in session.execute(code, time_limit=RUN_SECONDS):
                if isinstance(event, Stdout):
                    begun.set()
