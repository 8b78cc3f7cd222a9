"""Reading and watching of run steps."""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from cellblock_server.common.errors import NotFoundError
from cellblock_server.executions.outputs import outputs_of
from cellblock_server.journal.journal import Journal
from cellblock_server.runsteps import assistants, responses
from cellblock_server.runsteps.events import StepEvent, StepEvents
from cellblock_server.runsteps.image_urls import ImageUrls
from cellblock_server.runsteps.step import Format, RunStepStatus, ToolCall, WholeStep
from cellblock_server.store.records import (
    RunStepRecord,
    StepFilter,
)
from cellblock_server.store.run_steps import RunStepStore
from cellblock_server.store.sessions import SessionStore
from cellblock_server.store.states import SESSION_ENDS

MAX_PAGE_BYTES = 2 * 2**20
"""Size past which a page ends early."""
STEPS_AT_ONCE = 20
"""Number of run steps that a watcher reads at a time."""


@dataclass(frozen=True)
class Watched:
    """Subject to watch, by one of the first four fields, and the event to resume after."""

    step_id: str = ""
    run_id: str = ""
    thread_id: str = ""
    session_id: str = ""
    after_step_id: str = ""
    after_sequence: int = 0


@dataclass(frozen=True)
class ShownStep:
    """A run step and its representation in a format."""

    record: RunStepRecord
    status: RunStepStatus
    execution_ids: list[str]
    json: str

    @property
    def size(self) -> int:
        """Approximate number of bytes that it takes in a response."""
        ids = (self.record.thread_id, self.record.run_id, self.record.assistant_id)
        return sum(len(text.encode()) for text in (self.json, *ids, *self.execution_ids))


@dataclass(frozen=True)
class ShownPage:
    """A page of run steps with their representations in a format."""

    steps: list[ShownStep]
    has_more: bool


class RunStepService:
    """Reads run steps and watches their events."""

    def __init__(
        self, store: RunStepStore, sessions: SessionStore, journal: Journal, urls: ImageUrls
    ) -> None:
        """Read run steps and sessions from the stores, and events from `journal`."""
        self._store = store
        self._sessions = sessions
        self._journal = journal
        self._urls = urls
        self._events = StepEvents(store, journal, urls)

    async def get(self, tenant: str, step_id: str, form: Format) -> ShownStep:
        """Return a run step. Raises NotFoundError."""
        return await self._shown(await self._find_step(tenant, step_id), form)

    async def list(self, tenant: str, wanted: StepFilter, form: Format) -> ShownPage:
        """Return a page of run steps. Raises NotFoundError for an unknown cursor."""
        page = await self._store.list(tenant, wanted)
        shown: list[ShownStep] = []
        size = 0
        for record in page.items:
            step = await self._shown(record, form)
            size += step.size
            if shown and size > MAX_PAGE_BYTES and not wanted.before:
                return ShownPage(shown, has_more=True)
            shown.append(step)
        return ShownPage(shown, page.has_more)

    async def watch(
        self, tenant: str, watched: Watched, form: Format
    ) -> AsyncGenerator[StepEvent, None]:
        """Yield events of run steps, past and live. Raises NotFoundError."""
        if watched.step_id:
            step = await self._find_step(tenant, watched.step_id)
            async for event in self._events.follow_step(step, form, watched.after_sequence):
                yield event
            return
        if (
            watched.session_id
            and await self._sessions.find_session(tenant, watched.session_id) is None
        ):
            raise NotFoundError("session", watched.session_id)
        after = watched.after_step_id
        if after:
            step = await self._find_step(tenant, after)
            async for event in self._events.follow_step(step, form, watched.after_sequence):
                yield event
        while True:
            change = self._journal.next_change(
                tenant, watched.session_id or watched.run_id or watched.thread_id
            )
            ended = await self._has_ended(tenant, watched.session_id)
            page = await self._store.list(
                tenant,
                StepFilter(
                    session_id=watched.session_id,
                    run_id=watched.run_id,
                    thread_id=watched.thread_id,
                    limit=STEPS_AT_ONCE,
                    oldest_first=True,
                    after=after,
                ),
            )
            for step in page.items:
                async for event in self._events.follow_step(step, form, 0):
                    yield event
                after = step.id
            if not page.items:
                if ended:
                    return
                await change.wait()

    async def _find_step(self, tenant: str, step_id: str) -> RunStepRecord:
        record = await self._store.find_step(tenant, step_id)
        if record is None:
            raise NotFoundError("run_step", step_id)
        return record

    async def _has_ended(self, tenant: str, session_id: str) -> bool:
        if not session_id:
            return False
        session = await self._sessions.find_session(tenant, session_id)
        return session is None or session.state in SESSION_ENDS

    async def _shown(self, record: RunStepRecord, form: Format) -> ShownStep:
        # Before the tool calls are read: one that is added meanwhile leaves the step open.
        is_open = await self._store.is_open(record)
        calls = [
            ToolCall(execution, await outputs_of(self._journal.read(execution)))
            for execution in await self._store.calls(record)
        ]
        step = WholeStep(record, calls, is_open)
        shown: object = assistants.run_step(step)
        if form is Format.RESPONSES:
            outputs = [output for call in calls for output in call.outputs]
            shown = responses.items(step, await self._urls.urls_for(record.tenant, outputs))
        return ShownStep(
            record=record,
            status=step.status,
            execution_ids=[call.execution.id for call in calls],
            json=json.dumps(shown, ensure_ascii=False),
        )
