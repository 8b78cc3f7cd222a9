"""Environment variables of the kernel's own process; the agent calls these functions there."""

import os

_before: dict[str, str | None] = {}


def set_permanently(variables: dict[str, str]) -> None:
    """Set variables for all later code."""
    os.environ.update(variables)


def set_for_execution(variables: dict[str, str]) -> None:
    """Set variables for one execution; `restore` undoes it."""
    _before.update({name: os.environ.get(name) for name in variables})
    os.environ.update(variables)


def restore() -> None:
    """Restore the values that the variables had before `set_for_execution`."""
    while _before:
        name, value = _before.popitem()
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
