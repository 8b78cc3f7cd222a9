"""A real server with lying agents and an honest neighbour."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cellblock_client import AsyncClient
from cellblock_client.aio import AsyncSession
from cellblock_client.errors import Error
from cellblock_client.events import Completed, Event
from cellblock_client.types import ExecutionInfo, SessionInfo
from tests.support.forged import Forgery, Script, forgery
from tests.support.forged_server import IMAGE
from tests.support.server import ServerProcess
from tests.support.waiting import STEP_SECONDS

COMMAND = (sys.executable, "-P", "-m", "tests.support.forged_server")
REPOSITORY = Path(__file__).parents[2]
ANSWER_SECONDS = 5.0
"""Documented limit: a neighbour's `1+1` is answered within this time."""
END_SECONDS = 20.0
"""Within this any lie has had its effect; a server that waits for ever has not met it."""
OVER = {"COMPLETED", "FAILED", "CANCELLED", "EXPIRED"}
BLOB = re.compile(r"[0-9a-f]{2}/[0-9a-f]{62}")


@dataclass
class Outcome:
    """State of a session and its executions after the agent lied."""

    session: SessionInfo
    executions: list[ExecutionInfo]
    events: list[Event] = field(default_factory=list)
    error: Error | None = None
    """Error that the caller got instead of events."""


class HostileGround:
    """A server and a client of it, with sessions of forged agents."""

    def __init__(
        self, server: ServerProcess, client: AsyncClient, neighbour: AsyncSession, forged: Forgery
    ) -> None:
        self.server = server
        self.client = client
        self.neighbour = neighbour
        self.forged = forged
        self._log_read = 0

    async def session(self, script: Script) -> AsyncSession:
        """Create a session whose agent is forged."""
        self.forged.script = script
        return await self.client.sessions.create(image=IMAGE)

    async def play(self, script: Script, code: str = "code") -> Outcome:
        """Run code in a new session, and assert that nothing but this session is affected."""
        session = await self.session(script)
        try:
            async with asyncio.timeout(END_SECONDS):
                outcome = await self._outcome(session, code)
            self.check(outcome)
            await self.check_neighbour()
            return outcome
        finally:
            await session.delete()
            await self.forged.forget()
            self.check_log()
            self.check_folder()

    def check(self, outcome: Outcome) -> None:
        """Assert the guarantees that hold whatever an agent sends."""
        for execution in outcome.executions:
            assert execution.status.name in OVER
        if outcome.error is None:
            numbers = [event.sequence for event in outcome.events]
            assert numbers == list(range(1, len(numbers) + 1))
            ends = [isinstance(event, Completed) for event in outcome.events]
            assert ends.count(True) == 1
            assert ends[-1]
        if outcome.session.state.name != "READY":
            # The failure is attributed to the sandbox, never to the server.
            assert outcome.session.end_reason in ("PROTOCOL_VIOLATION", "SANDBOX_LOST")
            assert outcome.session.end_message.startswith("the sandbox")
            assert len(outcome.session.end_message) < 1000
            assert outcome.session.end_message.isprintable()

    async def check_neighbour(self) -> None:
        """Assert that another session responds in time."""
        async with asyncio.timeout(ANSWER_SECONDS):
            assert (await self.neighbour.run("1+1")).text == "2"

    def check_log(self) -> None:
        """Assert that the server has logged no error of its own since the last check."""
        text = self.server.log.read_bytes()
        # The server may be writing its next line.
        whole = text.rfind(b"\n") + 1
        new, self._log_read = text[self._log_read : whole], whole
        # Agents and gRPC write there, too.
        lines = [json.loads(line) for line in new.splitlines() if line.startswith(b"{")]
        faults = {"fault", "session_failed", "session_end_not_stored", "executions_not_ended"}
        assert not [line for line in lines if line.get("event") in faults]

    def check_folder(self) -> None:
        """Assert that the state folder has no misplaced or half-written file."""
        blobs = self.server.state / "blobs"
        files = [path.relative_to(blobs) for path in blobs.rglob("*") if path.is_file()]
        assert [str(path) for path in files if not BLOB.fullmatch(str(path))] == []

    async def _outcome(self, session: AsyncSession, code: str) -> Outcome:
        events: list[Event] = []
        error = None
        try:
            async for event in session.execute(code, time_limit=1):
                events.append(event)  # noqa: PERF401 - kept if it breaks
        except Error as raised:
            error = raised
        info = await session.refresh()
        while _is_ending(events) and info.state.name != "FAILED":
            # The execution's end is stored first.
            await asyncio.sleep(STEP_SECONDS)
            info = await session.refresh()
        return Outcome(info, [each async for each in session.executions()], events, error)


def _is_ending(events: list[Event]) -> bool:
    """Whether an execution ended because its session does."""
    last = events[-1] if events else None
    failure = last.execution.failure if isinstance(last, Completed) else None
    return failure is not None and failure.cause.name in ("SANDBOX_LOST", "SESSION_ENDED")


def environment_of(forged: Forgery) -> dict[str, str]:
    """Return the environment of a server whose sandboxes can be `forged`."""
    return {
        "FORGERY_SOCKET": str(forged.socket),
        "CELLBLOCK_SANDBOX__ALLOWED_IMAGES": json.dumps([IMAGE]),
        "CELLBLOCK_EXECUTIONS__GRACE": "0.1",
        "CELLBLOCK_SESSIONS__END_ON_SHUTDOWN": "true",
        "PYTHONPATH": str(REPOSITORY),
    }


@asynccontextmanager
async def hostile_ground() -> AsyncIterator[HostileGround]:
    """Start a server whose sandboxes are forged if a session requests it."""
    async with forgery() as forged:
        server = ServerProcess(forged.folder, environment_of(forged), COMMAND)
        await asyncio.to_thread(server.start)
        try:
            async with AsyncClient(server.address) as client:
                neighbour = await client.sessions.create()
                yield HostileGround(server, client, neighbour, forged)
        finally:
            assert await asyncio.to_thread(server.stop) == 0
