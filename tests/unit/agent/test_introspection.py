"""A question gives way at once when code is to run, however long it might take."""

import asyncio
from collections.abc import Iterable
from typing import Any, cast

from cellblock_agent.contexts.code_questions import Introspection
from cellblock_agent.kernel.kernel import Kernel
from cellblock_agent.timings import QuestionTimings


class AskedKernel:
    """A kernel that answers when it is interrupted; the real ones are in integration/agent."""

    def __init__(self) -> None:
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.asked = asyncio.Event()
        self.interrupted = asyncio.Event()

    def ask(self, _question: object) -> str:
        self.asked.set()
        return "request"

    def interrupt(self, _children: Iterable[int]) -> None:
        self.interrupted.set()


async def test_it_gives_way_at_once() -> None:
    kernel = AskedKernel()
    asking = Introspection(cast(Kernel, kernel), QuestionTimings(answer=10_000))
    question: Any = asyncio.create_task(asking.ask(lambda _client: ""))
    await kernel.asked.wait()
    asking.give_way()
    await kernel.interrupted.wait()
    answer = {"parent_header": {"msg_id": "request"}, "content": {}}
    assert asking.takes_reply(answer)
    assert await question == answer
