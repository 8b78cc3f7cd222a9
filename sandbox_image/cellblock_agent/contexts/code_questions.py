"""Questions about code that a kernel answers without running the code.

The kernel inspects objects of user code, which list their own names and may never return. So each
question has a time limit, and its output is discarded.
"""

import asyncio
from typing import Any

from cellblock_agent.files.statuses import RefusedError
from cellblock_agent.kernel.connection import Message, Question
from cellblock_agent.kernel.kernel import Kernel
from cellblock_agent.output.translate import is_idle, parent_of
from cellblock_agent.timings import QuestionTimings


class CodeQuestions:
    """Questions to one kernel, one at a time: the caller holds the interpreter's lock."""

    def __init__(self, kernel: Kernel, timings: QuestionTimings) -> None:
        """Ask `kernel`, with these time limits."""
        self._timings = timings
        self._kernel = kernel
        self._request = ""
        self._answer: asyncio.Future[Message | None] = asyncio.get_running_loop().create_future()
        """Reply to `_request`; None if the kernel finished the request without a reply."""
        self._answer.set_result(None)
        self._hurry = asyncio.Event()
        """Set when an execution waits for the kernel."""

    def interrupt_question(self) -> None:
        """Interrupt the current question, if there is one, because code is to run."""
        self._hurry.set()

    async def ask_kernel(self, question: Question) -> Message:
        """Return the kernel's reply. Raises RefusedError if there is none in time."""
        self._hurry.clear()
        # The previous caller may have left, or may have been cancelled while it waited.
        await self._until_answered()
        self._answer = asyncio.get_running_loop().create_future()
        self._request = self._kernel.ask_kernel(question)
        answer = await self._until_answered()
        if answer is None:
            raise RefusedError("the kernel did not answer")
        return answer

    def accept_reply(self, message: Message) -> bool:
        """Return whether a reply belongs to the current question, and finish the question if so."""
        if not self._answers_request(message):
            return False
        self._end(self._request, message)
        return True

    def accept_output(self, message: Message) -> bool:
        """Return whether an output message belongs to the current question."""
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
            # The kernel isn't killed for that: the next execution has a time limit, which ends
            # both.
            raise RefusedError("the kernel did not answer in time")
        return self._answer.result()

    def _answers_request(self, message: Message) -> bool:
        return bool(self._request) and parent_of(message) == self._request

    def _end(self, request: str, answer: Message | None) -> None:
        if request == self._request and not self._answer.done():
            self._answer.set_result(answer)
