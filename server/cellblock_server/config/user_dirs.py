"""Directories of the user who runs the server, by the XDG Base Directory Specification."""

from platformdirs.unix import Unix


def user_dirs() -> Unix:
    """Return the directories of Unix on every system: the documentation names no others."""
    return Unix("cellblock", appauthor=False)
