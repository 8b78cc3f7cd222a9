"""Interpreter state that Python reads when it starts, as a program of the user's would find it.

A kernel is a fork of the agent: it has the agent's command line and flags, and the session's
environment comes later.
"""

import contextlib
import ctypes
import locale
import os
import sys
import time
import warnings
from collections.abc import Mapping

FLAGS = ("isolated", "ignore_environment", "no_user_site", "safe_path")
"""Flags of `-I`, which the agent needs; child processes of `multiprocessing` would get them too."""
LOCALE_NAMES = frozenset({"LANG", "LC_ALL", "LC_CTYPE"})
_import_path: list[str] = []
"""Directories of `PYTHONPATH` that were added to `sys.path`."""


def hide_agent() -> None:
    """Replace the agent's command line and flags by those of an interpreter without arguments."""
    sys.argv[:] = [""]
    sys.orig_argv[:] = [sys.executable]
    for name in FLAGS:
        _clear_flag(name)
    # The image sets it for the agent's own programs.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def apply_environment(changed: Mapping[str, str | None]) -> None:
    """Apply variables that libraries or Python read only once; None means removed."""
    if "TZ" in changed:
        time.tzset()
    if not LOCALE_NAMES.isdisjoint(changed):
        _set_encoding_locale()
    if "PYTHONPATH" in changed:
        _set_import_path(changed["PYTHONPATH"] or "")
    if value := changed.get("PYTHONWARNINGS"):
        options = value.split(",")
        sys.warnoptions += options
        warnings._processoptions(options)  # type: ignore[attr-defined]  # noqa: SLF001
    if "PYTHONDONTWRITEBYTECODE" in changed:
        sys.dont_write_bytecode = bool(changed["PYTHONDONTWRITEBYTECODE"])
    if "PYTHONPYCACHEPREFIX" in changed:
        sys.pycache_prefix = changed["PYTHONPYCACHEPREFIX"] or None
    if value := changed.get("PYTHONINTMAXSTRDIGITS"):
        with contextlib.suppress(ValueError):
            sys.set_int_max_str_digits(int(value))


def _set_import_path(value: str) -> None:
    """Import from these directories before the installed packages, but after Python's own."""
    for folder in _import_path:
        if folder in sys.path:
            sys.path.remove(folder)
    folders = (folder for folder in value.split(os.pathsep) if folder)
    _import_path[:] = [folder for folder in folders if folder not in sys.path]
    place = sys.path.index("") + 1 if "" in sys.path else 0
    sys.path[place:place] = _import_path


def _set_encoding_locale() -> None:
    """Set the locale of characters as Python does at its start, unless it is not UTF-8."""
    before = locale.setlocale(locale.LC_CTYPE)
    with contextlib.suppress(locale.Error):
        locale.setlocale(locale.LC_CTYPE, "")
        if locale.nl_langinfo(locale.CODESET) != "UTF-8":
            locale.setlocale(locale.LC_CTYPE, before)


def _clear_flag(name: str) -> None:
    """Clear one of `sys.flags`, which has no public way to change.

    Source: PyStructSequence_SetItem in Python's documentation of its C API; it takes a reference.
    """
    names: tuple[str, ...] = type(sys.flags).__match_args__
    if name in names:
        cleared = ctypes.py_object(type(getattr(sys.flags, name))())
        ctypes.pythonapi.Py_IncRef(cleared)
        place = ctypes.c_ssize_t(names.index(name))
        ctypes.pythonapi.PyStructSequence_SetItem(ctypes.py_object(sys.flags), place, cleared)
