"""Displays of the kernel and of the processes that code starts.

A process without a kernel's connection writes what it shows to a directory, which the kernel reads
at the end of each cell.
"""

import base64
import contextlib
import importlib
import itertools
import json
import os
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER_VARIABLE = "CELLBLOCK_DISPLAYS"
"""Environment variable with the directory for displays of child processes."""
MAX_DISPLAYS = 100
"""Maximum number of displays of child processes that are shown at the end of one cell."""
MAX_BYTES = 48 * 2**20
"""Maximum size of one display, as of one message of the kernel."""
SUFFIX = ".json"

_numbers = itertools.count()


class _Kernel:
    """Process id of the kernel, in it and its forks; 0 elsewhere."""

    pid = 0


def begin_kernel(folder: Path) -> None:
    """Make this process the kernel. `folder` is created when a child process shows something."""
    _Kernel.pid = os.getpid()
    os.environ[FOLDER_VARIABLE] = str(folder)


def is_kernel() -> bool:
    """Return whether this process is the kernel."""
    return os.getpid() == _Kernel.pid


def is_child() -> bool:
    """Return whether what this process shows must be sent to the kernel.

    The fork server shows nothing, and a notebook that code executes has a kernel of its own.
    """
    if _Kernel.pid:
        return os.getpid() != _Kernel.pid
    return FOLDER_VARIABLE in os.environ and not is_foreign()


def has_shell() -> bool:
    """Return whether IPython runs in this process."""
    shell = sys.modules.get("IPython.core.interactiveshell")
    return shell is not None and shell.InteractiveShell.initialized()


def is_foreign() -> bool:
    """Return whether this process has a shell of its own, which code has started."""
    return has_shell() and not _Kernel.pid


def show_bundle(data: Mapping[str, Any], metadata: Mapping[str, Any] | None = None) -> None:
    """Show a value: its representations by MIME type."""
    if is_child():
        send_to_kernel(data, metadata or {})
    else:
        publish: Any = importlib.import_module("IPython.display").publish_display_data
        publish(dict(data), dict(metadata or {}))


def send_to_kernel(data: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
    """Leave a value for the kernel, or write to standard error why it can't be shown."""
    folder = Path(os.environ[FOLDER_VARIABLE])
    plain = {
        kind: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for kind, value in data.items()
    }
    name = f"{time.time_ns():020}-{os.getpid()}-{next(_numbers)}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = folder / name
        part.write_text(json.dumps({"data": plain, "metadata": metadata}))
        part.rename(part.with_suffix(SUFFIX))
    except OSError as error:
        with contextlib.suppress(OSError):
            (folder / name).unlink()
        sys.stderr.write(
            f"An image of process {os.getpid()} can't be shown: {error.strerror}. Save it to"
            " /mnt/data instead, for example with plt.savefig().\n"
        )


def show_childrens_displays(*_event: object) -> None:
    """Show what child processes have left for the kernel; called at the end of each cell."""
    folder = Path(os.environ.get(FOLDER_VARIABLE, ""))
    if not is_kernel() or not folder.name or not folder.is_dir():
        return
    paths = sorted(folder.glob(f"*{SUFFIX}"))
    for path in paths[:MAX_DISPLAYS]:
        if problem := show_file(path):
            sys.stderr.write(f"A display of a child process was left out: {problem}.\n")
    if left := paths[MAX_DISPLAYS:]:
        sys.stderr.write(f"{len(left)} displays of child processes were left out.\n")
        for path in left:
            path.unlink(missing_ok=True)
    try:
        folder.rmdir()
    except OSError:
        # A child process is writing another one, or code made a directory in it.
        return


def show_file(path: Path) -> str:
    """Show and remove one display of a child process; return why it can't be shown."""
    try:
        if not path.is_file() or path.is_symlink():
            return "it is not a plain file"
        if path.stat().st_size > MAX_BYTES:
            return f"it is larger than {MAX_BYTES // 2**20} MiB"
        bundle = json.loads(path.read_text())
        show_bundle(bundle["data"], bundle["metadata"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        return f"it is damaged ({type(error).__name__})"
    finally:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return ""
