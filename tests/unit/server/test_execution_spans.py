"""Spans of executions, made from stored records and from times that a sandbox claims."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from cellblock_server.executions import spans
from cellblock_server.executions.spans import Tracing
from cellblock_server.journal.observers import Stored
from cellblock_server.store.records import ExecutionStatus, Failure, FailureCause
from cellblock_server.store.tables import EPOCH
from tests.support.records import START, execution_record

SECOND = timedelta(seconds=1)
NANOS = (START - EPOCH) // timedelta(microseconds=1) * 1000
RECORD = replace(
    execution_record("call_1", 1),
    status=ExecutionStatus.COMPLETED,
    start_time=START + SECOND,
    end_time=START + 3 * SECOND,
)
ExportSpans = Callable[[Stored], dict[str, ReadableSpan]]


@pytest.fixture
def export_spans(monkeypatch: pytest.MonkeyPatch) -> ExportSpans:
    """Return a function that exports the spans of a transaction and returns them by name."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(spans, "TRACER", provider.get_tracer("test"))

    def export(stored: Stored) -> dict[str, ReadableSpan]:
        Tracing()(stored)
        return {span.name: span for span in exporter.get_finished_spans()}

    return export


def kernel_of(export_spans: ExportSpans, begin: float, end: float) -> tuple[float, float, bool]:
    """Return start and end in seconds after START, and whether the span marks them as claimed."""
    claim = int(NANOS + begin * 1e9), int(NANOS + end * 1e9)
    span = export_spans(Stored(ended=[RECORD], claims={"call_1": claim}))["kernel"]
    assert span.start_time
    assert span.end_time
    assert span.attributes is not None
    claimed = bool(span.attributes["cellblock.times_claimed_by_sandbox"])
    return (span.start_time - NANOS) / 1e9, (span.end_time - NANOS) / 1e9, claimed


def test_plausible_times_are_marked_as_claimed(export_spans: ExportSpans) -> None:
    begin, end, claimed = kernel_of(export_spans, 1.25, 2.5)
    assert begin == pytest.approx(1.25)
    assert end == pytest.approx(2.5)
    assert claimed


@pytest.mark.parametrize(
    ("begin", "end"), [(-1, 2), (1, 9), (2.5, 1.5), (-1e9, 1e9)],
    ids=["before", "after", "backwards", "decades"],
)  # fmt: skip
def test_implausible_times_are_replaced(
    export_spans: ExportSpans, begin: float, end: float
) -> None:
    assert kernel_of(export_spans, begin, end) == (1, 3, False)


def test_execution_that_never_ran_has_no_kernel_span(export_spans: ExportSpans) -> None:
    failure = Failure(FailureCause.CANCELLED, "secret words")
    record = replace(RECORD, status=ExecutionStatus.CANCELLED, start_time=None, failure=failure)
    found = export_spans(Stored(ended=[record]))
    assert found.keys() == {"execution", "queue"}
    whole = found["execution"]
    assert (whole.status.is_ok, whole.status.description) == (False, "CANCELLED")


def test_parent_span_is_released_at_the_end() -> None:
    tracing = Tracing()
    tracing(Stored(accepted=[RECORD]))
    assert len(tracing._parents) == 1
    tracing(Stored(ended=[RECORD]))
    assert tracing._parents == {}
