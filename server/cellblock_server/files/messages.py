"""Conversion of files to API messages."""

from cellblock.v1 import file_pb2 as pb
from cellblock_server.store.records import FileRecord

DATA_FOLDER = "/mnt/data"


def file_message(record: FileRecord) -> pb.File:
    """Convert a record to a message."""
    message = pb.File(
        id=record.id,
        filename=record.filename,
        bytes=record.bytes,
        mime_type=record.mime_type,
        sha256=record.sha256,
        purpose=pb.FilePurpose.ValueType(record.purpose),
        session_id=record.session_id,
        execution_id=record.execution_id,
        path=record.path,
    )
    message.create_time.FromDatetime(record.create_time)
    if record.expire_time is not None:
        message.expire_time.FromDatetime(record.expire_time)
    return message


def sandbox_path(relative: str) -> str:
    """Return a path below the data folder as code in the sandbox writes it."""
    return f"{DATA_FOLDER}/{relative}" if relative else DATA_FOLDER
