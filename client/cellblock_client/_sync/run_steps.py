# Generated from `client/cellblock_client/_async/run_steps.py` by `make client`: change that.
"""Run steps: the record of executions in the shapes of the Assistants and Responses APIs."""

from collections.abc import Generator, Iterator

from cellblock_client import run_step_calls
from cellblock_client._sync.transport import Transport
from cellblock_client.calls import CALL_SECONDS
from cellblock_client.cursor import StepCursor
from cellblock_client.run_step_types import (
    Annotations,
    RunStep,
    RunStepEvent,
    RunStepFormat,
    RunStepPage,
)
from cellblock_client.types import ListOrder


class RunSteps:
    """Finds, lists and watches run steps."""

    def __init__(self, transport: "Transport") -> None:
        """Use `Client.run_steps`."""
        self._transport = transport

    def get(
        self,
        step_id: str,
        *,
        format: RunStepFormat = RunStepFormat.ASSISTANTS,  # noqa: A002 - the API's name
        timeout: float | None = CALL_SECONDS,
    ) -> RunStep:
        """Return a run step in its current state."""
        return self._transport.call(run_step_calls.get_run_step(step_id, format), timeout)

    def list(
        self,
        *,
        session_id: str = "",
        thread_id: str = "",
        run_id: str = "",
        limit: int = 0,
        order: ListOrder | None = None,
        after: str = "",
        before: str = "",
        format: RunStepFormat = RunStepFormat.ASSISTANTS,  # noqa: A002
        timeout: float | None = CALL_SECONDS,
    ) -> RunStepPage:
        """Return one page, as the Assistants API does; newest first by default.

        `limit`: 1 to 100; 0 means 20. `after` and `before` are ids of run steps.
        """
        call = run_step_calls.list_run_steps(
            session_id=session_id,
            thread_id=thread_id,
            run_id=run_id,
            limit=limit,
            order=order,
            after=after,
            before=before,
            form=format,
        )
        return self._transport.call(call, timeout)

    def iterate(
        self,
        *,
        session_id: str = "",
        thread_id: str = "",
        run_id: str = "",
        order: ListOrder | None = None,
        format: RunStepFormat = RunStepFormat.ASSISTANTS,  # noqa: A002
        timeout: float | None = CALL_SECONDS,
    ) -> Iterator[RunStep]:
        """Iterate over run steps, newest first by default. Pages are fetched as needed."""
        return self._transport.items(
            lambda token: run_step_calls.iterate_run_steps(
                token,
                session_id=session_id,
                thread_id=thread_id,
                run_id=run_id,
                order=order,
                form=format,
            ),
            timeout,
        )

    def watch(
        self,
        *,
        step_id: str = "",
        run_id: str = "",
        thread_id: str = "",
        session_id: str = "",
        after_step_id: str = "",
        after_sequence: int = 0,
        format: RunStepFormat = RunStepFormat.ASSISTANTS,  # noqa: A002
        timeout: float | None = None,
    ) -> Generator[RunStepEvent, None, None]:
        """Watch past and new events of one run step, run, thread or session.

        Ends with the run step or the session; a run or a thread is watched until you stop
        reading. After a broken connection it resumes: no event is lost or repeated. To
        continue later, pass the last event's `step_id` and `sequence`.
        """
        request = run_step_calls.watch_run_steps(
            step_id=step_id,
            run_id=run_id,
            thread_id=thread_id,
            session_id=session_id,
            after_step_id=after_step_id,
            after_sequence=after_sequence,
            form=format,
        )
        return self._transport.events(StepCursor(request), timeout)

    def resolve_annotations(
        self,
        session_id: str,
        text: str,
        *,
        format: RunStepFormat = RunStepFormat.ASSISTANTS,  # noqa: A002
        timeout: float | None = CALL_SECONDS,
    ) -> Annotations:
        """Find links to a session's files, such as `sandbox:/mnt/data/plot.png`, in a text."""
        call = run_step_calls.resolve_annotations(session_id, text, format)
        return self._transport.call(call, timeout)
