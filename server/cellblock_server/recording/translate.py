"""Translation of the agent's events to the API's: pure functions.

The input is untrusted. Protobuf has checked types and UTF-8, and the message limit bounds sizes;
these functions check the meaning.
"""

import json
from collections.abc import Iterator

from cellblock.agent.v1 import agent_pb2 as agent_pb
from cellblock.v1 import execution_pb2 as pb
from cellblock_server.agent.checks import ProtocolViolationError, check_count, safe_words
from cellblock_server.store.records import CodeError, ExecutionStatus, Failure, FailureCause

IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""Binary image types that are stored as files, in order of preference."""
MAX_TEXT = 2**16
"""Maximum characters of one event: each slow reader has several copies of a message in memory."""


def image_of(rich: agent_pb.Rich) -> tuple[str, bytes] | None:
    """Return the bundle's image as (MIME type, bytes); None if it has none."""
    return next(((kind, rich.data[kind]) for kind in IMAGE_TYPES if kind in rich.data), None)


def rich_output(rich: agent_pb.Rich) -> pb.RichOutput:
    """Return the bundle without binary images."""
    if rich.metadata_json:
        try:
            json.loads(rich.metadata_json)
        except (ValueError, RecursionError) as error:
            raise ProtocolViolationError("display metadata is not JSON") from error
    return pb.RichOutput(
        data={
            kind: value.decode("utf-8", "replace")
            for kind, value in rich.data.items()
            if kind not in IMAGE_TYPES
        },
        metadata_json=rich.metadata_json,
        display_id=rich.display_id,
    )


def rich_event(rich: agent_pb.Rich) -> pb.ExecutionEvent:
    """Return a bundle without an image as an event."""
    output = rich_output(rich)
    match rich.kind:
        case agent_pb.RICH_KIND_RESULT:
            return pb.ExecutionEvent(result=output)
        case agent_pb.RICH_KIND_DISPLAY:
            return pb.ExecutionEvent(display=output)
        case agent_pb.RICH_KIND_UPDATE:
            return pb.ExecutionEvent(display_update=pb.DisplayUpdate(output=output))
        case _:
            raise ProtocolViolationError(f"unknown kind of display {rich.kind}")


def text_events(text: agent_pb.StreamText) -> Iterator[pb.ExecutionEvent]:
    """Yield text written to a stream as events of at most MAX_TEXT characters."""
    for start in range(0, len(text.text) or 1, MAX_TEXT):
        piece = pb.Text(text=text.text[start : start + MAX_TEXT])
        match text.name:
            case agent_pb.STREAM_NAME_STDOUT:
                yield pb.ExecutionEvent(stdout=piece)
            case agent_pb.STREAM_NAME_STDERR:
                yield pb.ExecutionEvent(stderr=piece)
            case _:
                raise ProtocolViolationError(f"unknown stream {text.name}")


def started(event: agent_pb.ExecutionStarted) -> pb.Started:
    """Return the event of a kernel that received the code."""
    check_count("number of a kernel", event.kernel_generation)
    return pb.Started(kernel_generation=event.kernel_generation)


def restarted(event: agent_pb.KernelRestarted) -> pb.KernelRestarted:
    """Return the event of a kernel that was restarted."""
    check_count("number of a kernel", event.kernel_generation)
    return pb.KernelRestarted(
        kernel_generation=event.kernel_generation, reason=safe_words(event.reason)
    )


def cut_event(cut: agent_pb.OutputCut) -> pb.ExecutionEvent:
    """Return a gap in the output as an event."""
    limit = {
        agent_pb.OUTPUT_LIMIT_TEXT: pb.OUTPUT_LIMIT_TEXT,
        agent_pb.OUTPUT_LIMIT_RICH: pb.OUTPUT_LIMIT_RICH,
        agent_pb.OUTPUT_LIMIT_EVENTS: pb.OUTPUT_LIMIT_EVENTS,
    }.get(cut.limit)
    if limit is None:
        raise ProtocolViolationError(f"unknown limit {cut.limit}")
    check_count("bytes that were cut", cut.omitted_bytes)
    check_count("value of a limit", cut.limit_value)
    return pb.ExecutionEvent(
        output_cut=pb.OutputCut(
            omitted_bytes=cut.omitted_bytes, limit=limit, limit_value=cut.limit_value
        )
    )


def plain_text(event: agent_pb.Event) -> str:
    """Return the text of an event outside executions; empty if it has none."""
    match event.WhichOneof("event"):
        case "stream_text":
            return event.stream_text.text
        case "rich" if "text/plain" in event.rich.data:
            return event.rich.data["text/plain"].decode("utf-8", "replace") + "\n"
        case "error":
            return "\n".join(event.error.traceback) + "\n"
    return ""


def code_error(error: agent_pb.Error) -> CodeError:
    """Return the exception that ended the code."""
    return CodeError(error.name, error.value, list(error.traceback))


def end_of(
    finished: agent_pb.ExecutionFinished,
) -> tuple[ExecutionStatus, Failure | None]:
    """Return an execution's status and failure in the API's terms.

    An exception in the code is COMPLETED: the model reads it and continues.
    """
    status, cause = {
        agent_pb.OUTCOME_RAN: (ExecutionStatus.COMPLETED, None),
        agent_pb.OUTCOME_TIME_LIMIT: (ExecutionStatus.FAILED, FailureCause.TIME_LIMIT),
        agent_pb.OUTCOME_OUT_OF_MEMORY: (ExecutionStatus.FAILED, FailureCause.OUT_OF_MEMORY),
        agent_pb.OUTCOME_KERNEL_DIED: (ExecutionStatus.FAILED, FailureCause.KERNEL_DIED),
        agent_pb.OUTCOME_INTERRUPTED: (ExecutionStatus.CANCELLED, FailureCause.CANCELLED),
        agent_pb.OUTCOME_RESTARTED: (
            ExecutionStatus.CANCELLED,
            FailureCause.SESSION_RESTARTED,
        ),
    }.get(finished.outcome, (None, None))
    if status is None:
        raise ProtocolViolationError(f"unknown outcome {finished.outcome}")
    check_count("count of executions", finished.execution_count)
    if cause is None:
        return status, None
    return status, Failure(cause, safe_words(finished.message), finished.memory_lost)
