"""The service itself, as a user calls it: a server, the client, a container for each session."""

from benchmarks.contenders.base import Base
from benchmarks.service import Service, service
from cellblock_client.client import Session

POOL_SIZE = 4
"""As many for llm-sandbox's."""


class Cellblock(Base):
    """A server with so many sandboxes in its pool."""

    pool_size: int

    def start(self) -> None:
        """Start the server."""
        made = service(self.pool_size, image=self.stage.sandbox_image)
        self.service: Service = self.stack.enter_context(made)
        self.settle()

    def open_session(self) -> "CellblockSession":
        """Create one."""
        return CellblockSession(self.service.client.sessions.create())

    def settle(self) -> None:
        """Wait until the pool is full."""
        self.service.until_pool_is_full()


class Pooled(Cellblock):
    """With a pool."""

    pool_size = POOL_SIZE


class Cold(Cellblock):
    """Each session starts its own container."""

    pool_size = 0


class CellblockSession:
    """A session of the service."""

    def __init__(self, session: Session) -> None:
        """Use one that was created."""
        self.session = session

    def execute(self, code: str) -> str:
        """Run code until its execution has ended."""
        result = self.session.run(code)
        if not result.ok:
            raise RuntimeError(f"{code}: {result.failure or result.error}")
        return result.stdout + result.text

    def restart(self) -> None:
        """Give it a fresh kernel."""
        self.session.restart()

    def close(self) -> None:
        """Delete it."""
        self.session.delete()
