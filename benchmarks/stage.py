"""Running contenders: each is started when a scenario first needs it, and all are stopped last."""

from contextlib import ExitStack
from pkgutil import resolve_name
from types import TracebackType

from benchmarks.contenders import CONTENDERS
from benchmarks.contenders.contender import Contender


class Stage:
    """Context manager that stops all contenders at its end."""

    def __init__(self, image: str, sandbox_image: str) -> None:
        """Run baselines with `image`, and our sessions with `sandbox_image`."""
        self.image = image
        self.sandbox_image = sandbox_image
        self._running: dict[str, Contender] = {}
        self._stack = ExitStack()

    def contender(self, name: str) -> Contender:
        """Return a running contender of CONTENDERS. Raises KeyError for another name."""
        if name not in self._running:
            made: Contender = resolve_name(CONTENDERS[name])(self)
            self._running[name] = self._stack.enter_context(made)
        return self._running[name]

    def settle(self) -> None:
        """Wait until the pools of all running contenders are full."""
        for contender in self._running.values():
            contender.settle()

    def __enter__(self) -> "Stage":
        """Use it as a context manager."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop all that were started."""
        self._stack.__exit__(kind, error, trace)
