"""Patch of `threading.Thread` that lets threads inherit context variables.

Python 3.14 has this as an option (`thread_inherit_context`).
"""

import threading
from contextvars import copy_context


def inherit_context_in_threads() -> None:
    """Assign a thread's output to the cell that started it, however late it comes.

    ipykernel keeps the current cell in a context variable, and threads start without context.
    """
    start = threading.Thread.start

    def start_in_context(thread: threading.Thread) -> None:
        run, context = thread.run, copy_context()
        thread.run = lambda: context.run(run)  # type: ignore[method-assign]
        start(thread)

    threading.Thread.start = start_in_context  # type: ignore[assignment,method-assign]
