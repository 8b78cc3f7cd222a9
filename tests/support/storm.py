"""Concurrent clients of all kinds, for which a kill of the server is only a pause."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random

from cellblock_client import AsyncClient, Client, ExecutionStatus, SessionState, errors
from cellblock_client.aio import AsyncSession
from cellblock_client.events import Event, Stdout
from tests.support.killer import Killer

MIB = 2**20


def sequences(events: list[Event]) -> list[int]:
    return [event.sequence for event in events]


def printed(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Stdout))


class Storm:
    """Clients that run until the last kill; each verifies its results with assertions."""

    def __init__(self, client: AsyncClient, sync: Client, killer: Killer, random: Random) -> None:
        self._client = client
        self._sync_client = sync
        self._killer = killer
        self._random = random
        self._over = asyncio.Event()
        self.done: Counter[str] = Counter()
        """Number of finished clients of each kind."""

    async def run(self, kills: int) -> None:
        """Run the clients until the server was killed so often and each client has finished."""
        # A server that was never there is not waited for.
        await anext(self._client.sessions.list(), None)
        next(self._sync_client.sessions.list(), None)
        async with asyncio.TaskGroup() as tasks:
            for scenario in (self._counts, self._queues, self._cancels, self._files, self._sync):
                tasks.create_task(self._repeat(scenario), name=scenario.__name__)
            await self._killer.run(kills)
            self._over.set()

    async def _repeat(self, scenario: Callable[[], Awaitable[None]]) -> None:
        while not self._over.is_set():
            await scenario()
            self.done[scenario.__name__] += 1

    async def _new_session(self) -> AsyncSession:
        session = await self._killer.during("creating", self._client.sessions.create(timeout=None))
        assert session.info.state is SessionState.READY, session.info
        self._killer.reached("created")
        return session

    async def _delete(self, session: AsyncSession) -> None:
        info = await session.refresh()
        # The first kernel is still running: no other client restarted it.
        assert (info.kernel_generation, info.memory_loss) == (1, None)
        ended = await self._killer.during("deleting", session.delete())
        assert (ended.state, ended.end_reason) == (SessionState.DELETED, "DELETED"), ended

    async def _counts(self) -> None:
        """Run code that prints numbers: each comes once, and all readers get the same events."""
        session = await self._new_session()
        count = self._random.randint(10, 100)
        code = f"import time\nfor n in range({count}): print(n, flush=True); time.sleep(0.01)"
        execution = session.execute(code)
        events = []
        async for event in execution:
            events.append(event)
            self._killer.reached("event")
        assert sequences(events) == list(range(1, len(events) + 1))
        assert printed(events) == "".join(f"{n}\n" for n in range(count))
        assert [event async for event in self._client.executions.watch(execution.id)] == events
        assert (await self._client.executions.get(execution.id)).status is ExecutionStatus.COMPLETED
        assert (await session.run("n")).text == str(count - 1)
        await self._delete(session)

    async def _queues(self) -> None:
        """Run several executions concurrently in one session: each runs once."""
        session = await self._new_session()
        await session.run("ran = []")
        code = "import time; time.sleep(0.05); ran.append({})"
        await asyncio.gather(
            *(
                self._killer.during("executing", session.run(code.format(number)))
                for number in range(3)
            )
        )
        assert (await session.run("sorted(ran)")).text == "[0, 1, 2]"
        await self._delete(session)

    async def _cancels(self) -> None:
        """Cancel an endless execution; the one that waits behind it runs."""
        session = await self._new_session()
        endless = session.execute("import time\nwhile True: time.sleep(0.01)", time_limit=600)
        events = aiter(endless)
        seen = [await anext(events)]
        next_one = asyncio.ensure_future(session.run("'next'"))
        info = await self._killer.during("cancelling", endless.cancel())
        assert info.id == endless.id
        seen += [event async for event in events]
        assert sequences(seen) == list(range(1, len(seen) + 1))
        info = await self._client.executions.get(endless.id)
        assert info.status is ExecutionStatus.CANCELLED, info.failure
        assert (await next_one).text == "'next'"
        await self._delete(session)

    async def _files(self) -> None:
        """Upload bytes, use them in a session, download them, and delete them."""
        content = self._random.randbytes(self._random.randint(1, 4 * MIB))
        digest = hashlib.sha256(content).hexdigest()
        file = await self._client.files.upload(
            content, "data.bin", progress=lambda *_: self._killer.reached_in_thread("uploading")
        )
        assert (file.bytes, file.sha256) == (len(content), digest)
        session = await self._new_session()
        await self._killer.during("attaching", session.attach(file))
        await self._killer.during("writing", session.files.write("written", content))
        code = "import hashlib\nprint(hashlib.sha256(open({!r}, 'rb').read()).hexdigest())"
        for name in ("data.bin", "written"):
            assert (await session.run(code.format(name))).stdout == f"{digest}\n"
        assert await session.files.read("written") == content
        await session.detach(file.id)
        await self._delete(session)
        assert await self._client.files.read(file.id) == content
        await self._killer.during("deleting", self._client.files.delete(file.id))
        try:
            await self._client.files.get(file.id)
        except errors.NotFoundError:
            return
        raise AssertionError("a deleted file is there")

    async def _sync(self) -> None:
        """Do the same with the synchronous client."""
        await asyncio.to_thread(self._in_thread)

    def _in_thread(self) -> None:
        client = self._sync_client
        session = client.sessions.create(timeout=None)
        code = "import time\nfor n in range(40): print(n, flush=True); time.sleep(0.01)"
        events = list(session.execute(code))
        assert sequences(events) == list(range(1, len(events) + 1))
        assert printed(events) == "".join(f"{n}\n" for n in range(40))
        file = client.files.upload(b"x" * MIB, "x")
        session.attach(file)
        session.files.write("y", b"y")
        assert session.files.read("x") == b"x" * MIB
        assert session.files.read("y") == b"y"
        client.files.delete(file.id)
        assert session.restart().kernel_generation == 2
        assert session.delete().state is SessionState.DELETED
