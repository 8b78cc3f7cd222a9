"""All kinds of calls, in an order that a seed decides."""

import asyncio
import io
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from random import Random

from cellblock_client import AsyncClient, ExecutionStatus, FailureCause
from cellblock_client.aio import AsyncSession
from cellblock_client.errors import DeadlineExceededError, NotFoundError, ResourceExhaustedError
from cellblock_client.events import Started, Stdout

SLEEP = "import time; time.sleep(60)"
PNG = (
    "from IPython.display import Image, display\n"
    "import base64\n"
    "display(Image(base64.b64decode("
    "'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=='"
    "), format='png'))"
)
BUSY_SECONDS = 0.2
"""Pause of a caller after the server refused a call for lack of capacity."""
IDLE_SECONDS = 0.2
"""Time for which a session is left idle."""
STEPS = 8
"""Number of steps in one session."""
Step = Callable[[AsyncClient, AsyncSession], Awaitable[None]]


async def text(_client: AsyncClient, session: AsyncSession) -> None:
    assert (await session.run("print('text'); 1 + 1")).text == "2"


async def flood(client: AsyncClient, session: AsyncSession) -> None:
    result = await session.run("for n in range(20000): print('x' * 99)")
    assert result.status is ExecutionStatus.COMPLETED
    assert [one async for one in client.executions.list(session.id)]


async def image(client: AsyncClient, session: AsyncSession) -> None:
    (picture,) = (await session.run(PNG)).images
    assert (await client.files.read(picture.id)).startswith(b"\x89PNG")


async def error(_client: AsyncClient, session: AsyncSession) -> None:
    assert (await session.run("1 / 0")).error is not None


async def time_out(_client: AsyncClient, session: AsyncSession) -> None:
    failure = (await session.run(SLEEP, time_limit=0.2)).failure
    assert failure is not None
    assert failure.cause is FailureCause.TIME_LIMIT


async def cancel(_client: AsyncClient, session: AsyncSession) -> None:
    execution = session.execute(SLEEP)
    async for event in execution:
        if isinstance(event, Started):
            await execution.cancel()


async def restart(_client: AsyncClient, session: AsyncSession) -> None:
    await session.run("x = 1")
    await session.restart()
    assert (await session.run("x")).error is not None


async def death(_client: AsyncClient, session: AsyncSession) -> None:
    assert (await session.run("import os; os._exit(1)")).failure is not None


async def queue(_client: AsyncClient, session: AsyncSession) -> None:
    results = await asyncio.gather(*(session.run(str(number)) for number in range(4)))
    assert [result.text for result in results] == ["0", "1", "2", "3"]


async def same_again(_client: AsyncClient, session: AsyncSession) -> None:
    first = await session.run("print(1)")
    again = await session.run("print(1)", execution_id=first.execution.id)
    assert again.events == first.events


async def file_out(client: AsyncClient, session: AsyncSession) -> None:
    (file,) = (await session.run("open('out.bin', 'wb').write(bytes(300_000))")).files
    assert len(await client.files.read(file.id)) == 300_000
    await session.run("import os; os.unlink('out.bin')")
    await client.files.delete(file.id)


async def file_in(client: AsyncClient, session: AsyncSession) -> None:
    file = await client.files.upload(io.BytesIO(b"in" * 100_000), "in.txt")
    await session.attach(file)
    assert (await session.run("len(open('in.txt').read())")).text == "200000"
    await session.detach(file.id)
    await client.files.delete(file.id)


async def files(_client: AsyncClient, session: AsyncSession) -> None:
    await session.files.write("a/b.txt", b"b")
    assert [one.path for one in await session.files.list("a")] == ["/mnt/data/a/b.txt"]
    archive = io.BytesIO()
    await session.files.download_folder("a", archive)
    assert archive.getvalue().startswith(b"PK")
    await session.files.delete("a", recursive=True)


async def listings(client: AsyncClient, session: AsyncSession) -> None:
    assert session.id in [info.id async for info in client.sessions.list()]
    await session.run("1")  # the first one, if no step came before
    assert len([one async for one in session.executions()]) > 0
    assert len([one async for one in client.files.list()]) >= 0
    await client.run_steps.list(session_id=session.id)


async def watcher_that_leaves(client: AsyncClient, session: AsyncSession) -> None:
    execution = session.execute("import time\nfor n in range(5): print(n); time.sleep(0.05)")
    async with aclosing(aiter(execution)) as events:  # type: ignore[type-var]
        await anext(events)
        async for event in client.executions.watch(execution.id):
            if isinstance(event, Stdout):
                break
    assert (await client.executions.watch(execution.id).result()).stdout == "0\n1\n2\n3\n4\n"


async def caller_that_leaves(_client: AsyncClient, session: AsyncSession) -> None:
    execution = session.execute(SLEEP, cancel_on_disconnect=True, timeout=0.3)
    try:
        await execution.result()
    except DeadlineExceededError:
        return
    raise AssertionError("a minute did not take longer than its caller waited")


async def mistakes(client: AsyncClient, session: AsyncSession) -> None:
    for wrong in (client.sessions.get("sess_nobody"), client.files.get("file-nothing")):
        try:
            await wrong
        except NotFoundError:
            continue
        raise AssertionError("what is not there was found")


EVERYTHING: tuple[Step, ...] = (
    text, flood, image, error, time_out, cancel, restart, death, queue, same_again, file_out,
    file_in, files, listings, watcher_that_leaves, caller_that_leaves, mistakes,
)  # fmt: skip


class Caller:
    """Creates sessions, works in them, and deletes them or lets them expire."""

    def __init__(self, address: str, seed: int, done: Counter[str], key: str | None = None) -> None:
        self._address = address
        self._key = key or None
        self._random = Random(seed)  # noqa: S311 - no secret
        self._done = done

    async def do_everything(self) -> None:
        """Do each kind of work once, in one session."""
        async with (
            AsyncClient(self._address, api_key=self._key) as client,
            await client.sessions.create() as session,
        ):
            for step in EVERYTHING:
                await step(client, session)

    async def work(self, until: float) -> None:
        """Work until the loop's time is `until`."""
        while asyncio.get_running_loop().time() < until:
            # A connection for each session, as callers come and go.
            async with AsyncClient(self._address) as client:
                await self._life(client, until)

    async def _life(self, client: AsyncClient, until: float) -> None:
        expires = self._random.random() < 0.3
        try:
            session = await client.sessions.create()
        except ResourceExhaustedError:
            self._done["refused"] += 1
            await asyncio.sleep(BUSY_SECONDS)
            return
        self._done["sessions"] += 1
        await text(client, session)
        for _ in range(STEPS):
            if asyncio.get_running_loop().time() >= until:
                break
            step = self._random.choice(EVERYTHING)
            await step(client, session)
            self._done[step.__name__] += 1
        if expires:
            await session.update(idle_timeout=IDLE_SECONDS)
        else:
            await session.delete()
