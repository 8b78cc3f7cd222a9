"""Use cases of run steps: read and watch them; resolve links in messages."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from cellblock_server.app.draining import end_when_draining
from cellblock_server.common.errors import InvalidArgumentError, OutOfRangeError
from cellblock_server.runsteps.events import StepEvent
from cellblock_server.runsteps.resolver import AnnotationResolver, Resolved
from cellblock_server.runsteps.run_step_service import (
    RunStepService,
    ShownPage,
    ShownStep,
    Watched,
)
from cellblock_server.runsteps.step import Format
from cellblock_server.store.records import StepFilter

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
MAX_TEXT_BYTES = 2**20

Annotations = list[dict[str, Any]]
"""Links to files as annotations of OpenAI's API."""


class RunStepUseCases:
    """Reads the run steps of a tenant.

    All of them raise NotFoundError for what another tenant owns.
    """

    def __init__(self, steps: RunStepService, annotations: AnnotationResolver) -> None:
        """Serve these."""
        self._steps = steps
        self._annotations = annotations

    async def list(self, tenant: str, wanted: StepFilter, form: Format) -> ShownPage:
        """Return a page of run steps; a limit of 0 is the default."""
        if not 0 <= wanted.limit <= MAX_LIMIT:
            raise OutOfRangeError(
                "limit", f"must be 1 to {MAX_LIMIT}, or 0 for {DEFAULT_LIMIT}, got {wanted.limit}"
            )
        if wanted.after and wanted.before:
            raise InvalidArgumentError("before", "can't be given together with after")
        limited = replace(wanted, limit=wanted.limit or DEFAULT_LIMIT)
        return await self._steps.list(tenant, limited, form)

    async def get(self, tenant: str, step_id: str, form: Format) -> ShownStep:
        """Return a run step."""
        return await self._steps.get(tenant, step_id, form)

    async def watch(
        self, tenant: str, watched: Watched, form: Format
    ) -> AsyncGenerator[StepEvent, None]:
        """Yield events of run steps, past and live; the caller can resume after any of them."""
        check_watched(watched)
        end_when_draining()
        async with aclosing(self._steps.watch(tenant, watched, form)) as events:
            async for event in events:
                yield event

    async def resolve_annotations(
        self, tenant: str, session_id: str, text: str, form: Format
    ) -> tuple[Resolved, Annotations]:
        """Return the links to files in a text, and the same in a format."""
        if (size := len(text.encode())) > MAX_TEXT_BYTES:
            raise OutOfRangeError("text", f"must be at most {MAX_TEXT_BYTES} bytes, got {size}")
        resolved = await self._annotations.resolve(tenant, session_id, text)
        return resolved, resolved.shown(form, session_id)


def check_watched(watched: Watched) -> None:
    """Raise InvalidArgumentError or OutOfRangeError unless one thing is watched."""
    named = (watched.step_id, watched.run_id, watched.thread_id, watched.session_id)
    if sum(map(bool, named)) != 1:
        raise InvalidArgumentError(
            "step_id", "must be given, or one of run_id, thread_id and session_id, and no more"
        )
    if watched.after_sequence < 0:
        raise OutOfRangeError("after_sequence", f"must be at least 0, got {watched.after_sequence}")
