"""End of a process that code forked from the kernel: it ends with its cell, like a script's child.

Without this, a child whose code returns would continue as a second kernel, and answer its parent's
requests.
"""

import atexit
import os
import signal
import sys
import threading
import traceback
from typing import NoReturn

from cellblock_agent.kernel.user_frames import hide_library_frames

FAILED = 1
"""Exit code after an exception, as of Python."""


def begin_child() -> None:
    """Forget the exit handlers of the parent, which stop its threads and close its sockets."""
    atexit._clear()  # noqa: SLF001


def report_exception(error: BaseException) -> None:
    """Write an exception to standard error, as Python does before it exits."""
    if not isinstance(error, SystemExit):
        hide_library_frames(error)
        traceback.print_exception(error)


def end_child(error: BaseException | None) -> NoReturn:
    """Exit as Python does after code that ended with `error`, which was reported already."""
    code = FAILED
    try:
        code = _exit_code(error)
        # Waits for threads that are not daemons.
        threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001
        atexit._run_exitfuncs()  # noqa: SLF001
    except BaseException:  # noqa: BLE001 - reported, and the process ends
        traceback.print_exc()
    finally:
        _flush()
        if isinstance(error, KeyboardInterrupt):
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)
        os._exit(code)


def _exit_code(error: BaseException | None) -> int:
    if error is None:
        return 0
    if not isinstance(error, SystemExit):
        return FAILED
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    sys.stderr.write(f"{error.code}\n")
    return FAILED


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            continue
