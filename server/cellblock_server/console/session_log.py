"""Log of a session: its executions one after another, each with all of its events."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from cellblock.v1 import execution_pb2 as pb
from cellblock.v1 import execution_pb2_grpc, file_pb2, run_step_pb2, run_step_pb2_grpc
from cellblock_server.console.calls import Caller, cancelled_at_end, in_json, refused

MAX_PAST_STEPS = 50
"""Maximum number of past run steps that are shown at the beginning."""
AFTER_ALL = 2**62
"""Number that is greater than that of any event of a run step."""

Item = tuple[str, dict[str, Any]]
"""Item for the page, by kind: `execution`, `events`, or `past_left_out`."""


class SessionLog:
    """Reads one session's log for a caller.

    A session runs one execution at a time, so the log is read in that order, too: one stream
    reports when the next one begins, and another one has its events.
    """

    def __init__(self, caller: Caller, session_id: str) -> None:
        """Read as `caller`."""
        self._metadata = caller.metadata
        self._executions = execution_pb2_grpc.ExecutionServiceStub(caller.channel)
        self._steps = run_step_pb2_grpc.RunStepServiceStub(caller.channel)
        self._session_id = session_id

    async def items(self) -> AsyncGenerator[Item, None]:
        """Yield past, then live executions, until the session ends. Raises RefusedError."""
        async with refused():
            page = await self._steps.ListRunSteps(
                run_step_pb2.ListRunStepsRequest(
                    session_id=self._session_id,
                    limit=MAX_PAST_STEPS,
                    order=file_pb2.LIST_ORDER_DESCENDING,
                ),
                metadata=self._metadata,
            )
            if page.has_more:
                yield "past_left_out", {}
            last = ""
            for step in reversed(page.data):
                if step.status == run_step_pb2.RUN_STEP_STATUS_IN_PROGRESS:
                    break
                for execution_id in step.execution_ids:
                    async for item in self._execution(execution_id):
                        yield item
                last = step.id
            async with aclosing(self._beginning_after(last)) as beginning:
                async for execution_id in beginning:
                    async for item in self._execution(execution_id):
                        yield item

    async def _beginning_after(self, step_id: str) -> AsyncGenerator[str, None]:
        """Yield ids of the executions of later run steps, each when it begins.

        No stream is open while one of them is shown, as nothing would read it.
        """
        sequence, more = AFTER_ALL if step_id else 0, True
        while more:
            begun: list[str] = []
            watched = self._steps.WatchRunSteps(
                run_step_pb2.WatchRunStepsRequest(
                    session_id=self._session_id, after_step_id=step_id, after_sequence=sequence
                ),
                metadata=self._metadata,
            )
            more = False
            with cancelled_at_end(watched):
                async for event in watched:
                    step_id, sequence = event.step_id, event.sequence
                    if event.event == "thread.run.step.delta":
                        begun = begun_by(json.loads(event.data))
                    if begun:
                        more = True
                        break
            for execution_id in begun:
                yield execution_id

    async def _execution(self, execution_id: str) -> AsyncGenerator[Item, None]:
        """Yield one execution's state, then its events to the last one."""
        found = await self._executions.GetExecution(
            pb.GetExecutionRequest(execution_id=execution_id), metadata=self._metadata
        )
        # The outputs are sent as events.
        del found.execution.outputs[:]
        yield "execution", in_json(found.execution)
        watched = self._executions.WatchExecution(
            pb.WatchExecutionRequest(execution_id=execution_id), metadata=self._metadata
        )
        with cancelled_at_end(watched):
            async for response in watched:
                yield "events", in_json(response)


def begun_by(event: dict[str, Any]) -> list[str]:
    """Return ids of the executions that begin with a run step's event, in the Assistants' shape."""
    details = event.get("delta", {}).get("step_details", {})
    return [call["id"] for call in details.get("tool_calls", []) if call.get("id")]
