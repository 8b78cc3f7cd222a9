"""Errors of backends that callers handle specifically."""

from cellblock_server.common.errors import CellblockError


class HostileSandboxError(CellblockError):
    """The agent socket is served by something else than the sandbox's agent."""

    def __init__(self, problem: str) -> None:
        """Store what was found."""
        super().__init__("SANDBOX_HOSTILE", "the agent socket can't be used", problem)
