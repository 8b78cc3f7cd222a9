"""Uploads and downloads, with a progress bar in a terminal; Ctrl-C leaves no partial file."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from rich import progress
from rich.console import Console

from cellblock_client.cli.access import open_client
from cellblock_client.cli.words import plain
from cellblock_client.client import Client
from cellblock_client.content import Progress
from cellblock_client.types import Attachment, File

T = TypeVar("T")
WAKE_SECONDS = 0.1
"""Seconds between checks for a Ctrl-C that arrived in another thread or as a wait began."""


def transfer(
    address: str | None,
    label: str,
    action: Callable[[Client, Progress | None], T],
    *,
    bar: bool = True,
) -> T:
    """Run `action` with a connection of its own, and show its progress.

    It uses a thread: an interrupt in the middle of gRPC's own waiting can leave its locks held.
    Ctrl-C closes the connection instead, and `action` cleans up as it fails.
    """
    with (
        open_client(address) as client,
        _shown(label, bar=bar) as shown,
        ThreadPoolExecutor(1) as thread,
    ):
        done = thread.submit(action, client, shown)
        try:
            while not wait([done], WAKE_SECONDS).done:
                pass
            return done.result()
        except KeyboardInterrupt:
            client.close()
            wait([done])
            raise


def attach_path(
    address: str | None, session_id: str, item: Path | File, name: str = "", *, unpack: bool
) -> Attachment:
    """Attach a file or directory of this machine, or a stored file, to a session."""
    label = item.filename if isinstance(item, File) else item.name
    return transfer(
        address,
        label,
        lambda client, shown: client.sessions.get(session_id).attach(
            item, name, unpack=unpack, progress=shown
        ),
    )


def note_skipped(attachment: Attachment) -> None:
    """Report entries of an archive that were not unpacked."""
    for entry in attachment.unpacked.skipped if attachment.unpacked else ():
        sys.stderr.write(f"[not unpacked: {plain(entry.path)}: {plain(entry.reason)}]\n")


@contextmanager
def _shown(label: str, *, bar: bool) -> Iterator[Progress | None]:
    """Show a progress bar on standard error, if that is a terminal; remove it at the end."""
    if not (bar and sys.stderr.isatty()):
        yield None
        return
    with progress.Progress(
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bars:
        task = bars.add_task(plain(label), total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)
