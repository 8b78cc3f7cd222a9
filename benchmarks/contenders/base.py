"""Common parts of contenders."""

from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from benchmarks.stage import Stage


class Base:
    """Contender without a pool; what it enters in `stack` ends with it."""

    def __init__(self, stage: "Stage") -> None:
        """Begin with nothing started."""
        self.stage = stage
        self.stack = ExitStack()

    def start(self) -> None:
        """Start what all sessions share."""

    def settle(self) -> None:
        """Return immediately, because there is nothing to wait for."""

    def __enter__(self) -> Self:
        """Start it."""
        with ExitStack() as undo:
            undo.push(self.stack)
            self.start()
            undo.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stack.__exit__(kind, error, trace)
