"""Interface of the service and its baselines, as scenarios see it."""

from types import TracebackType
from typing import Protocol


class Session(Protocol):
    """Session that runs code; each contender decides which state persists between runs."""

    def execute(self, code: str) -> str:
        """Run code to its end, and return its output, including an expression's value.

        Raises RuntimeError if the code failed.
        """

    def close(self) -> None:
        """End it."""


class RestartableSession(Session, Protocol):
    """Session whose kernel can be restarted."""

    def restart(self) -> None:
        """Restart the kernel, and return when it accepts code."""


class Contender(Protocol):
    """Context manager of a contender: starts it, and stops it with everything that it created."""

    def open_session(self) -> Session:
        """Open a new session that accepts code."""

    def settle(self) -> None:
        """Wait until conditions are as for the previous session, such as a full pool.

        Called between measurements. Raises TimeoutError.
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
