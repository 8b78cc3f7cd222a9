"""Environment variables of the kernel's own process; the agent calls these functions there."""

import os

from cellblock_agent.kernel.upstream.interpreter_state import apply_environment

_before: dict[str, str | None] = {}


def set_permanently(variables: dict[str, str]) -> None:
    """Set variables for all later code."""
    os.environ.update(variables)
    apply_environment(variables)


def set_for_execution(variables: dict[str, str]) -> None:
    """Set variables for one execution; `restore` undoes it."""
    _before.update({name: os.environ.get(name) for name in variables})
    os.environ.update(variables)
    apply_environment(variables)


def restore() -> None:
    """Restore the values that the variables had before `set_for_execution`."""
    restored = dict(_before)
    _before.clear()
    for name, value in restored.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    apply_environment(restored)
