"""Asks a kernel about code without running it: completion, inspection, whether it is complete.

What is asked about is user code's: an object lists its own names, and may take for ever. So
each question has its time, and what it shows is nobody's output.
"""

import asyncio
from typing import Any

from cellblock_agent.files.statuses import RefusedError
from cellblock_agent.kernel.connection import Message, Question
from cellblock_agent.kernel.kernel import Kernel
from cellblock_agent.output.translate import is_idle, parent_of
from cellblock_agent.timings import QuestionTimings


class CodeQuestions:
    """Questions to one kernel, one at a time: who asks has the turn."""

    def __init__(self, kernel: Kernel, timings: QuestionTimings) -> None:
        """Ask `kernel`."""
        self._timings = timings
        self._kernel = kernel
        self._request = ""
        self._answer: asyncio.Future[Message | None] = asyncio.get_running_loop().create_future()
        """Of `_request`; None if the kernel is done with it and did not answer."""
        self._answer.set_result(None)
        self._hurry = asyncio.Event()
        """Set when somebody wants to run code."""

    def interrupt_question(self) -> None:
        """Interrupt the question that is being answered, if one is: code is to run."""
        self._hurry.set()

    async def ask_kernel(self, question: Question) -> Message:
        """The answer. Raises RefusedError if there is none in time."""
        self._hurry.clear()
        # Who asked before may have left, or may have been left waiting.
        await self._until_answered()
        self._answer = asyncio.get_running_loop().create_future()
        self._request = self._kernel.ask_kernel(question)
        answer = await self._until_answered()
        if answer is None:
            raise RefusedError("the kernel gave no answer")
        return answer

    def accept_reply(self, message: Message) -> bool:
        """Whether a reply belongs to the last question."""
        if not self._answers_request(message):
            return False
        self._end(self._request, message)
        return True

    def accept_output(self, message: Message) -> bool:
        """Whether a message of the output channel belongs to the last question."""
        if not self._answers_request(message):
            return False
        if is_idle(message):
            loop = asyncio.get_running_loop()
            loop.call_later(self._timings.lost_reply, self._end, self._request, None)
        return True

    async def _until_answered(self) -> Message | None:
        ends: set[asyncio.Future[Any]] = {self._answer, self._kernel.ended}
        hurry = asyncio.create_task(self._hurry.wait())
        try:
            await asyncio.wait(
                {*ends, hurry}, timeout=self._timings.answer, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            hurry.cancel()
        if not self._answer.done() and not self._kernel.ended.done():
            self._kernel.interrupt(())
            await asyncio.wait(
                ends, timeout=self._timings.interrupted, return_when=asyncio.FIRST_COMPLETED
            )
        if not self._answer.done():
            # It is not killed for that. Who runs code next has a time limit, which ends both.
            raise RefusedError("the kernel gave no answer in time")
        return self._answer.result()

    def _answers_request(self, message: Message) -> bool:
        return bool(self._request) and parent_of(message) == self._request

    def _end(self, request: str, answer: Message | None) -> None:
        if request == self._request and not self._answer.done():
            self._answer.set_result(answer)
