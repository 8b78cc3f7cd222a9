"""Contender Cellblock as a user calls it: a server, the client, a container for each session."""

from benchmarks.contenders.base import Base
from benchmarks.service import Service, service
from cellblock_client.client import Session

POOL_SIZE = 4
"""Size of the pool, the same for llm-sandbox."""


class Cellblock(Base):
    """Server with a pool of the given size."""

    pool_size: int

    def start(self) -> None:
        """Start the server."""
        made = service(self.pool_size, image=self.stage.sandbox_image)
        self.service: Service = self.stack.enter_context(made)
        self.settle()

    def open_session(self) -> "CellblockSession":
        """Create a session."""
        return CellblockSession(self.service.client.sessions.create())

    def settle(self) -> None:
        """Wait until the pool is full."""
        self.service.until_pool_is_full()


class Pooled(Cellblock):
    """Server with a pool."""

    pool_size = POOL_SIZE


class Cold(Cellblock):
    """Server without a pool: each session starts its own container."""

    pool_size = 0


class CellblockSession:
    """Session of the service."""

    def __init__(self, session: Session) -> None:
        """Use a session that was created."""
        self.session = session

    def execute(self, code: str) -> str:
        """Run code until its execution has ended."""
        result = self.session.run(code)
        if not result.ok:
            raise RuntimeError(f"{code}: {result.failure or result.error}")
        return result.stdout + result.text

    def restart(self) -> None:
        """Restart its kernel."""
        self.session.restart()

    def close(self) -> None:
        """Delete it."""
        self.session.delete()
