"""Errors of backends that their callers tell apart."""

from cellblock_server.common.errors import CellblockError


class HostileSandboxError(CellblockError):
    """Something else than the sandbox's agent is where the agent should be reached."""

    def __init__(self, problem: str) -> None:
        """Say what was found."""
        super().__init__("SANDBOX_HOSTILE", "the agent socket can't be used", problem)
