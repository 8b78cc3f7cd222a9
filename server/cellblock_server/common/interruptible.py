"""A block of a task that others can end with an error."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

Fault = TypeVar("Fault", bound=Exception)


class Interruptible(Generic[Fault]):
    """A task that is ended only while it works: between two messages gRPC holds the task, and would
    end a cancelled call without a status.

    Whatever is within the block sees a cancellation; what is around it sees the error.
    """

    def __init__(self, task: "asyncio.Task[object]") -> None:
        """Interrupt `task`, which need not work yet."""
        self.fault: Fault | None = None
        """The error that ends it, once there is one."""
        self._task = task
        self._working = False
        self._interrupted = False
        self._has_cancelled = False
        """Whether the interruption cancelled the task, and not only its block."""

    @contextmanager
    def working(self) -> Iterator[None]:
        """A block that raises the error of `end`, at once if that was called before."""
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
        """Go on with the block. Raises CancelledError if `end` was called meanwhile."""
        if self.fault is not None:
            self._interrupted = True
            raise asyncio.CancelledError
        self._working = True

    def end(self, fault: Fault) -> None:
        """Raise `fault` in the block, now or when it is entered again. Only the first counts."""
        if self.fault is not None:
            return
        self.fault = fault
        # One that is being cancelled already must not be cancelled twice: it would be again later.
        if self._working and not self._task.cancelling():
            self._interrupted = self._has_cancelled = True
            self._task.cancel()
