"""A question yields immediately when code is to run, however long it might take."""

import asyncio
from collections.abc import Iterable
from typing import Any, cast

from cellblock_agent.contexts.code_questions import CodeQuestions
from cellblock_agent.kernel.kernel import Kernel
from cellblock_agent.timings import QuestionTimings


class AskedKernel:
    """Kernel that answers when it is interrupted; integration/agent has real ones."""

    def __init__(self) -> None:
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.asked = asyncio.Event()
        self.interrupted = asyncio.Event()

    def ask_kernel(self, _question: object) -> str:
        self.asked.set()
        return "request"

    def interrupt(self, _children: Iterable[int]) -> None:
        self.interrupted.set()


async def test_a_question_yields_immediately() -> None:
    kernel = AskedKernel()
    asking = CodeQuestions(cast(Kernel, kernel), QuestionTimings(answer=10_000))
    question: Any = asyncio.create_task(asking.ask_kernel(lambda _client: ""))
    await kernel.asked.wait()
    asking.interrupt_question()
    await kernel.interrupted.wait()
    answer = {"parent_header": {"msg_id": "request"}, "content": {}}
    assert asking.accept_reply(answer)
    assert await question == answer
