"""Interruption of a task's block with an error."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

Fault = TypeVar("Fault", bound=Exception)


class Interruptible(Generic[Fault]):
    """A task that is interrupted only while it runs our code.

    Between two messages, gRPC runs in the task, and would end a cancelled call without a status.
    Code within the block gets a cancellation; code around it gets the error.
    """

    def __init__(self, task: "asyncio.Task[object]") -> None:
        """Interrupt `task`, which need not run our code yet."""
        self.fault: Fault | None = None
        """The error with which `end` was called; None before."""
        self._task = task
        self._working = False
        self._interrupted = False
        self._has_cancelled = False
        """Whether the interruption cancelled the task, and not only its block."""

    @contextmanager
    def working(self) -> Iterator[None]:
        """Raise the error of `end` in the block, immediately if `end` was called before."""
        if self.fault is not None:
            raise self.fault
        self._working = True
        try:
            yield
        except asyncio.CancelledError:
            if self.fault is None or not self._interrupted:
                raise
            if self._has_cancelled:
                self._task.uncancel()
            raise self.fault from None
        finally:
            self._working = False

    def pause(self) -> None:
        """Keep the task from being interrupted within the block, until `resume`."""
        self._working = False

    def resume(self) -> None:
        """Continue the block. Raises CancelledError if `end` was called meanwhile."""
        if self.fault is not None:
            self._interrupted = True
            raise asyncio.CancelledError
        self._working = True

    def end(self, fault: Fault) -> None:
        """Raise `fault` in the block, now or when it is entered again. Only the first counts."""
        if self.fault is not None:
            return
        self.fault = fault
        # A second cancellation of a task that is being cancelled would be raised later.
        if self._working and not self._task.cancelling():
            self._interrupted = self._has_cancelled = True
            self._task.cancel()
