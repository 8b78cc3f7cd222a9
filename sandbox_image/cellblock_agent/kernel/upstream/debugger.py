"""Import of ipykernel's debugger module without debugpy."""

import importlib
import sys


def import_debugger_without_debugpy() -> None:
    """Import `ipykernel.debugger` as if debugpy was not installed.

    No debugger is ever attached to a kernel, and importing debugpy takes longer than a whole
    kernel start.
    """
    sys.modules["debugpy"] = None  # type: ignore[assignment]
    importlib.import_module("ipykernel.debugger")
    del sys.modules["debugpy"]
