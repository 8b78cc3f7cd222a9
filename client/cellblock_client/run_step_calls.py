"""Calls of the run step service as values: see `calls.py`."""

from cellblock.v1 import file_pb2, run_step_pb2
from cellblock_client.calls import PAGE_SIZE, Call, Page
from cellblock_client.run_step_types import (
    Annotations,
    RunStep,
    RunStepFormat,
    RunStepPage,
    annotations,
    run_step,
    run_step_page,
)
from cellblock_client.types import ListOrder


def get_run_step(step_id: str, form: RunStepFormat) -> Call[RunStep]:
    """Get a run step."""
    request = run_step_pb2.GetRunStepRequest(step_id=step_id, format=form.value)
    return Call("run_step", "GetRunStep", request, lambda r: run_step(r.step))


def list_run_steps(
    *,
    session_id: str,
    thread_id: str,
    run_id: str,
    limit: int,
    order: ListOrder | None,
    after: str,
    before: str,
    form: RunStepFormat,
) -> Call[RunStepPage]:
    """List run steps."""
    request = run_step_pb2.ListRunStepsRequest(
        session_id=session_id,
        thread_id=thread_id,
        run_id=run_id,
        limit=limit,
        order=order.value if order else file_pb2.LIST_ORDER_UNSPECIFIED,
        after=after,
        before=before,
        format=form.value,
    )
    return Call("run_step", "ListRunSteps", request, run_step_page)


def iterate_run_steps(
    token: str,
    *,
    session_id: str,
    thread_id: str,
    run_id: str,
    order: ListOrder | None,
    form: RunStepFormat,
) -> Call[Page[RunStep]]:
    """List run steps, as one of the pages that are fetched as needed."""
    call = list_run_steps(
        session_id=session_id,
        thread_id=thread_id,
        run_id=run_id,
        limit=PAGE_SIZE,
        order=order,
        after=token,
        before="",
        form=form,
    )

    def parse(response: run_step_pb2.ListRunStepsResponse) -> Page[RunStep]:
        page = call.parse(response)
        return Page(list(page.data), page.last_id if page.has_more else "")

    return Call("run_step", "ListRunSteps", call.request, parse)


def watch_run_steps(
    *,
    step_id: str,
    run_id: str,
    thread_id: str,
    session_id: str,
    after_step_id: str,
    after_sequence: int,
    form: RunStepFormat,
) -> run_step_pb2.WatchRunStepsRequest:
    """Watch run steps; the client runs the stream."""
    return run_step_pb2.WatchRunStepsRequest(
        step_id=step_id,
        run_id=run_id,
        thread_id=thread_id,
        session_id=session_id,
        after_step_id=after_step_id,
        after_sequence=after_sequence,
        format=form.value,
    )


def resolve_annotations(session_id: str, text: str, form: RunStepFormat) -> Call[Annotations]:
    """Resolve links in a text to annotations."""
    request = run_step_pb2.ResolveAnnotationsRequest(
        session_id=session_id, text=text, format=form.value
    )
    return Call("run_step", "ResolveAnnotations", request, annotations)
