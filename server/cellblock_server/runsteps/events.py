"""Events of a run step, derived from the stored executions: they are the same each time."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from cellblock.v1.execution_pb2 import ExecutionEvent
from cellblock_server.executions.outputs import OutputStream, WholeOutputs
from cellblock_server.journal.journal import Journal
from cellblock_server.runsteps import assistants, responses
from cellblock_server.runsteps.image_urls import ImageUrls
from cellblock_server.runsteps.step import Format, ToolCall, WholeStep
from cellblock_server.store.records import ExecutionRecord, RunStepRecord
from cellblock_server.store.run_steps import RunStepStore
from cellblock_server.store.states import EXECUTION_ENDS

Event = tuple[str, dict[str, Any]]


CallShape = assistants.CallEvents | responses.CallEvents
SHAPES: dict[Format, type[assistants.CallEvents] | type[responses.CallEvents]] = {
    Format.ASSISTANTS: assistants.CallEvents,
    Format.RESPONSES: responses.CallEvents,
}


@dataclass(frozen=True)
class StepEvent:
    """One event of a run step with its number."""

    step_id: str
    sequence: int
    name: str
    data: dict[str, Any]


class StepEvents:
    """Derives the events of run steps."""

    def __init__(self, store: RunStepStore, journal: Journal, urls: ImageUrls) -> None:
        """Read run steps from `store` and events from `journal`."""
        self._store = store
        self._journal = journal
        self._urls = urls

    async def follow_step(
        self, step: RunStepRecord, form: Format, after: int
    ) -> AsyncIterator[StepEvent]:
        """Yield a run step's events with numbers above `after`, past and live, to the last one."""
        sequence = 0
        async for name, data in self._events(step, form):
            sequence += 1
            if form is Format.RESPONSES:
                data["sequence_number"] = sequence
            if sequence > after:
                yield StepEvent(step.id, sequence, name, data)

    async def _events(self, step: RunStepRecord, form: Format) -> AsyncIterator[Event]:
        calls: list[ToolCall] = []
        if form is Format.ASSISTANTS:
            for event in assistants.begin(WholeStep(step, (), is_open=True)):
                yield event
        while True:
            change = self._journal.next_change(step.tenant, step.session_id)
            # In this order: a step that isn't open gets no tool call once all have ended.
            is_open = await self._store.is_open(await self._fresh(step))
            executions = await self._store.calls(step)
            if len(executions) > len(calls):
                async for event in self._call_events(step, executions[len(calls)], calls, form):
                    yield event
            elif is_open:
                await change.wait()
            else:
                break
        if form is Format.ASSISTANTS:
            yield assistants.end(WholeStep(step, calls, is_open=False))

    async def _fresh(self, step: RunStepRecord) -> RunStepRecord:
        return await self._store.find_step(step.tenant, step.id) or step

    async def _call_events(
        self, step: RunStepRecord, execution: ExecutionRecord, calls: list[ToolCall], form: Format
    ) -> AsyncIterator[Event]:
        """Yield the events of one tool call, and add the call to `calls` when it has ended."""
        index = len(calls)
        shape = SHAPES[form](step.id, index, execution)
        whole = WholeOutputs()
        async for event in self._coming(execution, shape, whole):
            yield event
        ended = (await self._store.calls(step))[index]
        if ended.status not in EXECUTION_ENDS:
            raise RuntimeError("an execution's last event comes before its end is stored")
        call = ToolCall(ended, whole.outputs)
        urls = (
            await self._urls.urls_for(step.tenant, call.outputs) if form is Format.RESPONSES else {}
        )
        for event in shape.end(call, urls):
            yield event
        calls.append(call)

    async def _coming(
        self, execution: ExecutionRecord, shape: CallShape, whole: WholeOutputs
    ) -> AsyncIterator[Event]:
        """Yield live events: code, in pieces or whole, and output, collected in `whole`."""
        stream = OutputStream()
        pieces: list[str] = []
        is_whole = False
        async for happened in _each(self._journal.watch(execution, 1)):
            if happened.HasField("code"):
                piece = happened.code.text
                for event in shape.more_code(piece) if pieces else shape.begin(piece):
                    yield event
                pieces.append(piece)
                continue
            if not pieces:
                pieces.append(execution.code)
                for event in shape.begin(execution.code):
                    yield event
            if not is_whole:
                is_whole = True
                for event in shape.code_done("".join(pieces)):
                    yield event
            if happened.HasField("started"):
                for event in shape.started():
                    yield event
            deltas = list(stream.add(happened))
            if happened.HasField("completed"):
                deltas += stream.finish()
            whole.add(iter(deltas))
            for delta in deltas:
                for event in shape.output(delta):
                    yield event


async def _each(
    batches: AsyncIterator[list[ExecutionEvent]],
) -> AsyncIterator[ExecutionEvent]:
    async for batch in batches:
        for event in batch:
            yield event
