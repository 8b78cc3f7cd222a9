"""Environment variables in the kernel's own process; the agent has these called there."""

import os

_before: dict[str, str | None] = {}


def set_permanently(variables: dict[str, str]) -> None:
    """Set variables for all that comes."""
    os.environ.update(variables)


def set_for_execution(variables: dict[str, str]) -> None:
    """Set variables for one execution; `restore` takes them back."""
    _before.update({name: os.environ.get(name) for name in variables})
    os.environ.update(variables)


def restore() -> None:
    """Give the variables of `set_for_execution` the values that they had before."""
    while _before:
        name, value = _before.popitem()
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
