"""Debuggers: a kernel has none, because no user types commands."""

import bdb
import importlib
import pdb
import sys
from types import FrameType
from typing import Any

from IPython.core.error import StdinNotImplementedError

NO_DEBUGGER = (
    "a debugger can't read commands: code runs without a user to type them. Print the values."
)


def import_debugger_without_debugpy() -> None:
    """Import `ipykernel.debugger` as if debugpy was not installed.

    No debugger is ever attached to a kernel, and importing debugpy takes longer than a whole
    kernel start.
    """
    sys.modules["debugpy"] = None  # type: ignore[assignment]
    importlib.import_module("ipykernel.debugger")
    del sys.modules["debugpy"]


def refuse_debugger() -> None:
    """Let `breakpoint()` and pdb raise an exception that says why, where they would ask a user.

    Debuggers that read their commands from a file or a text work.
    """
    set_trace, interact = bdb.Bdb.set_trace, pdb.Pdb.interaction

    def refuse_set_trace(
        debugger: bdb.Bdb,
        frame: FrameType | None = None,
        *args: Any,  # noqa: ANN401
        **options: Any,  # noqa: ANN401
    ) -> None:
        _check_commands(debugger)
        # Without a frame, the original would stop in this one.
        set_trace(debugger, frame or sys._getframe(1), *args, **options)  # noqa: SLF001

    def refuse_interaction(debugger: pdb.Pdb, *args: Any, **options: Any) -> None:  # noqa: ANN401
        _check_commands(debugger)
        interact(debugger, *args, **options)

    bdb.Bdb.set_trace = refuse_set_trace  # type: ignore[assignment,method-assign]
    pdb.Pdb.interaction = refuse_interaction  # type: ignore[assignment,method-assign]


def _check_commands(debugger: bdb.Bdb) -> None:
    if getattr(debugger, "use_rawinput", False) and not getattr(debugger, "rcLines", ()):
        raise StdinNotImplementedError(NO_DEBUGGER)
