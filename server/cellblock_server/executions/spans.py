"""Spans of executions, created when they have ended; until then only the parent span is kept."""

from datetime import datetime, timedelta

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, Status, StatusCode, set_span_in_context

from cellblock_server.journal.observers import Stored, cause_of
from cellblock_server.store.records import ExecutionRecord, ExecutionStatus
from cellblock_server.store.tables import EPOCH
from cellblock_server.telemetry.tracing import TRACER

NANOSECONDS = 1000
"""Nanoseconds in a microsecond."""


class Tracing:
    """Journal observer that creates spans. Executions of an earlier server have their own trace."""

    def __init__(self) -> None:
        """Start with no execution known."""
        self._parents: dict[tuple[str, str], Context] = {}
        """Span of the call that started each unfinished execution, by tenant and id."""

    def __call__(self, stored: Stored) -> None:
        """Note new executions; export the spans of those that ended."""
        for record in stored.accepted:
            # The journal stores an execution within the call that starts it.
            self._parents[record.tenant, record.id] = set_span_in_context(trace.get_current_span())
        for record in stored.ended:
            parent = self._parents.pop((record.tenant, record.id), None)
            _export_spans(record, parent or Context(), stored.claims.get(record.id))


def _export_spans(record: ExecutionRecord, parent: Context, claim: tuple[int, int] | None) -> None:
    begin, end = _nanos(record.create_time), _nanos(record.end_time or record.create_time)
    whole = TRACER.start_span("execution", parent, start_time=begin)
    whole.set_attributes(
        {
            "cellblock.session_id": record.session_id,
            "cellblock.execution_id": record.id,
            "cellblock.tenant_id": record.tenant,
            "cellblock.status": record.status.name,
            "cellblock.cause": cause_of(record),
            "cellblock.events": record.last_sequence,
        }
    )
    if record.status is not ExecutionStatus.COMPLETED:
        whole.set_status(Status(StatusCode.ERROR, cause_of(record)))
    started = end if record.start_time is None else _nanos(record.start_time)
    whole.add_event("queued", timestamp=begin)
    _part("queue", whole, begin).end(started)
    if record.start_time is not None:
        whole.add_event("started", timestamp=started)
        _kernel(whole, (started, end), claim, (begin, end))
    whole.add_event("ended", timestamp=end)
    whole.end(end)


def _kernel(
    whole: Span, seen: tuple[int, int], claim: tuple[int, int] | None, bounds: tuple[int, int]
) -> None:
    """Add the span of the kernel: the sandbox's times if plausible, else the server's."""
    claimed = claim is not None and bounds[0] <= claim[0] <= claim[1] <= bounds[1]
    begin, end = claim if claim is not None and claimed else seen
    kernel = _part("kernel", whole, begin)
    kernel.set_attribute("cellblock.times_claimed_by_sandbox", claimed)
    kernel.end(end)


def _part(name: str, whole: Span, begin: int) -> Span:
    return TRACER.start_span(name, set_span_in_context(whole), start_time=begin)


def _nanos(time: datetime) -> int:
    return (time - EPOCH) // timedelta(microseconds=1) * NANOSECONDS
