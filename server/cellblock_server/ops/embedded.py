"""Server for one process: it ends when that process does, in any way, and leaves nothing."""

import asyncio
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cellblock_server.common.removal import remove_tree


class NotEmbeddedError(Exception):
    """Standard input is not a pipe held open by an owner."""


def flags(folder: Path) -> dict[str, dict[str, object]]:
    """Return the settings of an embedded server: all is in `folder`, and ends with its owner."""
    return {
        "server": {"listen": f"unix:{folder / 'server.sock'}", "state_dir": str(folder / "state")},
        # A shared database or bucket would keep the sessions and files of an ended server.
        "store": {"url": "", "password_file": ""},
        "blobs": {"url": "", "credentials_file": "", "ca_file": "", "allow_http": False},
        "sessions": {"end_on_shutdown": True},
        # Its owner probably needs one session.
        "pool": {"size": 0, "max_size": 0},
        # Only its owner reaches it.
        "auth": {"required": False},
    }


@contextmanager
def removed_at_end(folder: Path) -> Iterator[None]:
    """Remove `folder` at the end of the block.

    Raises NotEmbeddedError if standard input is no pipe, as its end would not show the owner's end.
    """
    kind = os.fstat(sys.stdin.fileno()).st_mode
    if not (stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind)):
        raise NotEmbeddedError("--embedded: standard input must be a pipe that the owner holds")
    try:
        yield
    finally:
        remove_tree(folder)


def at_end_of_input(stop: Callable[[], None]) -> None:
    """Call `stop` once standard input ends: the owner closed it, or has ended."""
    loop, stdin = asyncio.get_running_loop(), sys.stdin.fileno()

    def read() -> None:
        if not os.read(stdin, 4096):
            loop.remove_reader(stdin)
            stop()

    loop.add_reader(stdin, read)
