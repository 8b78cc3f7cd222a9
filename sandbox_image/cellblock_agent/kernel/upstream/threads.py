"""Patch of `threading.Thread` that lets threads inherit context variables.

Python 3.14 has this as an option (`thread_inherit_context`).
"""

import threading
from contextvars import copy_context
from functools import partial


def inherit_context_in_threads() -> None:
    """Assign a thread's output to the cell that started it, however late it comes.

    ipykernel keeps the current cell in a context variable, and threads start without context.
    """
    start = threading.Thread.start

    def start_in_context(thread: threading.Thread) -> None:
        # No function of Python's own: the agent must not have a frame in the thread's tracebacks.
        thread.run = partial(copy_context().run, thread.run)  # type: ignore[method-assign]
        start(thread)

    threading.Thread.start = start_in_context  # type: ignore[assignment,method-assign]
