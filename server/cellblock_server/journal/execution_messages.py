"""Messages of the API for executions."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from cellblock.v1 import execution_pb2 as pb
from cellblock_server.store.records import CodeError, ExecutionRecord, Failure


def execution_message(record: ExecutionRecord, *, with_code: bool = True) -> pb.Execution:
    """Return the record as a message; without the code if the reader has it already."""
    message = pb.Execution(
        id=record.id,
        session_id=record.session_id,
        status=pb.ExecutionStatus.ValueType(record.status),
        code=record.code if with_code else "",
        execution_count=record.execution_count,
        error=code_error_message(record.error) if record.error else None,
        failure=_failure_message(record.failure) if record.failure else None,
        last_sequence=record.last_sequence,
        create_time=timestamp(record.create_time),
        start_time=timestamp(record.start_time),
        end_time=timestamp(record.end_time),
        environment_names=sorted(record.environment),
        step_id=record.step_id,
    )
    message.time_limit.FromTimedelta(record.timeout)
    return message


def code_error_message(error: CodeError) -> pb.CodeError:
    """Return the exception as a message."""
    return pb.CodeError(name=error.name, value=error.value, traceback=error.traceback)


def timestamp(time: datetime | None) -> Timestamp | None:
    """Return a time as a message, to the microsecond."""
    if time is None:
        return None
    message = Timestamp()
    message.FromDatetime(time)
    return message


def _failure_message(failure: Failure) -> pb.Failure:
    return pb.Failure(
        cause=pb.FailureCause.ValueType(failure.cause),
        message=failure.message,
        memory_lost=failure.memory_lost,
    )
