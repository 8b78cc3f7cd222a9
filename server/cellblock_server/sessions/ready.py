"""Sandboxes whose kernel responds, ready for a session."""

from dataclasses import dataclass
from datetime import timedelta

from cellblock_server.agent.connecting import connect_agent
from cellblock_server.agent.connection import AgentConnection
from cellblock_server.agent.timings import AgentTimings
from cellblock_server.backends.backend import Backend
from cellblock_server.backends.sandbox import Sandbox, SandboxSpec
from cellblock_server.telemetry.tracing import step


@dataclass(frozen=True)
class ReadySandbox:
    """A running sandbox and the connection to its agent."""

    spec: SandboxSpec
    token: str
    sandbox: Sandbox
    agent: AgentConnection

    @classmethod
    async def start(
        cls,
        backend: Backend,
        spec: SandboxSpec,
        token: str,
        timeout: timedelta,
        timings: AgentTimings | None = None,
    ) -> "ReadySandbox":
        """Start a sandbox; if that fails or is cancelled, nothing is left behind.

        Raises what `Backend.create` and `connect_agent` raise.
        """
        sandbox = await backend.create(spec, token)
        try:
            with step("agent connect"):
                agent = await connect_agent(backend, sandbox.id, token, timeout, timings)
        except BaseException:
            await backend.destroy(spec.id)
            raise
        return cls(spec, token, sandbox, agent)

    async def discard(self, backend: Backend) -> None:
        """Remove the sandbox with everything in it."""
        await self.agent.close()
        await backend.destroy(self.spec.id)
