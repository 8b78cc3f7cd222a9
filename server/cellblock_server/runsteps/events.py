"""The events of one run step, made anew each time from what is stored: the same each time."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from cellblock_server.executions.journal import Journal
from cellblock_server.executions.outputs import OutputStream, WholeOutputs
from cellblock_server.runsteps import assistants, responses
from cellblock_server.runsteps.image_urls import ImageUrls
from cellblock_server.runsteps.step import Format, ToolCall, WholeStep
from cellblock_server.store.records import ExecutionRecord, RunStepRecord
from cellblock_server.store.run_steps import RunStepStore
from cellblock_server.store.states import EXECUTION_ENDS

Event = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class StepEvent:
    """One event of a run step, and its place among them."""

    step_id: str
    sequence: int
    name: str
    data: dict[str, Any]


class StepEvents:
    """Follows run steps."""

    def __init__(self, store: RunStepStore, journal: Journal, urls: ImageUrls) -> None:
        """Read from these."""
        self._store = store
        self._journal = journal
        self._urls = urls

    async def of(self, step: RunStepRecord, form: Format, after: int) -> AsyncIterator[StepEvent]:
        """A run step's events with a number above `after`, past and live, to the last one."""
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
            change = self._journal.next_change(step.session_id)
            # In this order: what is not open gets no tool call once all have ended.
            is_open = await self._store.is_open(await self._fresh(step))
            executions = await self._store.calls(step.id)
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
        return await self._store.find(step.tenant, step.id) or step

    async def _call_events(
        self, step: RunStepRecord, execution: ExecutionRecord, calls: list[ToolCall], form: Format
    ) -> AsyncIterator[Event]:
        """The events of one tool call, which is added to `calls` when it has ended."""
        index = len(calls)
        stream, whole = OutputStream(), WholeOutputs()
        if form is Format.ASSISTANTS:
            yield assistants.begin_call(step.id, index, execution)
        else:
            for event in responses.begin_call(index, execution):
                yield event
        async for happened in self._journal.watch(execution.id, 1):
            deltas = list(stream.add(happened))
            if happened.HasField("completed"):
                deltas += stream.finish()
            whole.add(iter(deltas))
            if form is Format.ASSISTANTS:
                for delta in deltas:
                    yield assistants.output(step.id, index, delta)
            elif happened.HasField("started"):
                yield responses.interpreting(index, execution)
        ended = (await self._store.calls(step.id))[index]
        if ended.status not in EXECUTION_ENDS:
            raise RuntimeError("an execution's last event comes before its end is stored")
        call = ToolCall(ended, whole.outputs)
        if form is Format.RESPONSES:
            urls = await self._urls.of(step.tenant, call.outputs)
            for event in responses.end_call(index, call, urls):
                yield event
        calls.append(call)
