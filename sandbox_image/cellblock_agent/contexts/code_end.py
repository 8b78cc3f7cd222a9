"""End of one execution's code: waiting for it, interrupting the code, and verifying its end.

A kernel's messages are the code's to forge. What they report is therefore checked: code must be
accepted in time, and a kernel that reports an end must answer another question.
"""

import asyncio
from typing import Any

from cellblock_agent.contexts.execution import Execution
from cellblock_agent.kernel.check import KernelCheck
from cellblock_agent.kernel.kernel import Kernel
from cellblock_agent.processes.reaper import list_descendants
from cellblock_agent.timings import CheckTimings


class CodeEnd:
    """Observer of the end of one execution's code."""

    def __init__(
        self, execution: Execution, kernel: Kernel, check: KernelCheck, timings: CheckTimings
    ) -> None:
        """Observe the code of `execution`, which was sent to `kernel` just now."""
        self._execution = execution
        self._kernel = kernel
        self._check = check
        self._timings = timings
        self._time = asyncio.get_running_loop().time
        self._limit = self._time() + execution.timeout
        self._ends: set[asyncio.Future[Any]] = {execution.done, kernel.ended}

    async def wait(self) -> bool:
        """Wait for the code's or the kernel's end, a stop request, or the time limit.

        Return False if the kernel did not accept the code in time. If only one of the two final
        messages arrived, the end is accepted once the kernel answers another question.
        """
        execution = self._execution
        loop = asyncio.get_running_loop()
        late = loop.create_future()
        # Most executions end before that: a timer costs less than a task.
        timer = loop.call_later(self._timings.accept, late.set_result, None)
        asked: asyncio.Task[bool] | None = None
        waited_for = {*self._ends, execution.stop, execution.doubt, late}
        try:
            while True:
                left = max(0, self._limit - self._time())
                ready, _pending = await asyncio.wait(
                    waited_for, timeout=left, return_when=asyncio.FIRST_COMPLETED
                )
                if not ready or ready & {*self._ends, execution.stop}:
                    return True
                waited_for -= ready
                if late in ready and not await self._is_accepted():
                    return False
                if execution.doubt in ready:
                    asked = asyncio.create_task(self._check.is_answered(left), name="doubt")
                    waited_for.add(asked)
                if asked in ready and asked is not None and asked.result():
                    execution.note_confirmed_end()
                    return True
        finally:
            timer.cancel()
            if asked is not None:
                asked.cancel()

    async def interrupt(self, grace: float, before: set[int]) -> None:
        """Interrupt the code and the processes that are not in `before`; wait `grace` seconds."""
        begun = asyncio.create_task(self._execution.begun.wait())
        try:
            await asyncio.wait(
                {begun, *self._ends}, timeout=grace, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            begun.cancel()
        self._kernel.interrupt(list_descendants() - before)
        await asyncio.wait(self._ends, timeout=grace, return_when=asyncio.FIRST_COMPLETED)

    async def is_verified(self) -> bool:
        """Return whether the code, whose end was reported, has ended by its time limit.

        Code that still runs then is interrupted once. Threads and processes that it left behind
        may continue; the kernel's main thread runs one piece of code at a time.
        """
        left = self._limit - self._time()
        if await self._check.is_answered(max(left, self._timings.accept)):
            return True
        if self._kernel.ended.done():
            return True
        self._kernel.interrupt(())
        return await self._check.is_answered(self._timings.heed) or self._kernel.ended.done()

    async def _is_accepted(self) -> bool:
        """Return whether the kernel accepts the code, if necessary after an interrupt."""
        execution, kernel = self._execution, self._kernel
        ends: set[asyncio.Future[Any]] = {execution.accepted, kernel.ended}
        # Wait again: after a pause of the whole sandbox, the time has passed without any progress.
        await asyncio.wait(ends, timeout=self._timings.heed, return_when=asyncio.FIRST_COMPLETED)
        if not execution.accepted.done() and not kernel.ended.done():
            kernel.interrupt(())
            await asyncio.wait(
                ends, timeout=self._timings.heed, return_when=asyncio.FIRST_COMPLETED
            )
        return execution.accepted.done() or kernel.ended.done()
