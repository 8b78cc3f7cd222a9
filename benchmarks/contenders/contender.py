"""What the service and each of its baselines can do, as scenarios see it."""

from types import TracebackType
from typing import Protocol


class Session(Protocol):
    """Somewhere to run code; with a baseline's own idea of what stays from one to the next."""

    def execute(self, code: str) -> str:
        """Run code to its end; what it showed. An expression's value counts as shown.

        Raises RuntimeError if the code failed.
        """

    def close(self) -> None:
        """End it."""


class RestartableSession(Session, Protocol):
    """One that can be given a fresh kernel."""

    def restart(self) -> None:
        """Return when the fresh kernel takes code."""


class Contender(Protocol):
    """A context manager: started when it is entered, stopped with all it made when it is left."""

    def open_session(self) -> Session:
        """A new one, which takes code."""

    def settle(self) -> None:
        """Wait until the next session finds what the last one found, such as a full pool.

        Called between what is measured. Raises TimeoutError.
        """

    def __enter__(self) -> "Contender":
        """Start it."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
