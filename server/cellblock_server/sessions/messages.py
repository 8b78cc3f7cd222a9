"""Messages of the API for sessions."""

from datetime import datetime

from google.protobuf.json_format import ParseDict

from cellblock.v1 import session_pb2 as pb
from cellblock_server.journal.execution_messages import timestamp
from cellblock_server.store.records import SessionRecord
from cellblock_server.store.states import SESSION_ENDS


def session_message(
    record: SessionRecord, expire_time: datetime, *, with_output: bool = True
) -> pb.Session:
    """Return the record as a message; `with_output` includes background output."""
    alive = record.state not in SESSION_ENDS
    message = pb.Session(
        id=record.id,
        state=pb.SessionState.ValueType(record.state),
        end_reason=pb.SessionEndReason.ValueType(record.end_reason),
        end_message=record.end_message,
        thread_id=record.thread_id,
        labels=record.labels,
        limits=_limits(record),
        create_time=timestamp(record.create_time),
        last_use_time=timestamp(record.last_use_time),
        expire_time=timestamp(expire_time) if alive else None,
        end_time=timestamp(record.end_time),
        image=record.image,
        runtime=record.runtime,
        backend=record.backend,
        environment_names=record.environment_names,
        kernel_generation=record.kernel_generation,
        execution_count=record.execution_count,
        memory_loss=_memory_loss(record),
    )
    if with_output:
        message.background_output = record.background_output
        for change in record.background_changes:
            ParseDict(dict(change), message.background_changes.add())
    message.idle_timeout.FromTimedelta(record.idle_timeout)
    message.inactivity_limit.FromTimedelta(record.lifetime)
    return message


def _memory_loss(record: SessionRecord) -> pb.MemoryLoss | None:
    if record.memory_loss_time is None:
        return None
    return pb.MemoryLoss(
        time=timestamp(record.memory_loss_time),
        message=record.memory_loss_message,
        execution_id=record.memory_loss_execution_id,
    )


def _limits(record: SessionRecord) -> pb.ResourceLimits:
    limits = record.limits
    return pb.ResourceLimits(
        memory_bytes=int(limits["memory_bytes"]),
        cpus=limits["cpus"],
        pids=int(limits["pids"]),
        data_bytes=int(limits["data_bytes"]),
        tmp_bytes=int(limits["tmp_bytes"]),
    )
