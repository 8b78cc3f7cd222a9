"""Conversion of file messages of the API into Python objects."""

from google.protobuf.timestamp_pb2 import Timestamp

from cellblock.v1 import execution_pb2, file_pb2, session_pb2
from cellblock_client import File, FileChange, FilePurpose, Skipped, Unpacked
from cellblock_client.events import FileDeleted, GeneratedFile, event_of
from cellblock_client.types import attachment, file_of, session_info

FILE = file_pb2.File(id="file-1", purpose=file_pb2.FILE_PURPOSE_VISION)


def test_expiry_time_of_a_file() -> None:
    assert file_of(FILE).expire_time is None
    assert file_of(FILE).purpose is FilePurpose.VISION
    expiring = file_pb2.File(id="file-1", purpose=FILE.purpose, expire_time=Timestamp(seconds=60))
    found = file_of(expiring).expire_time
    assert found is not None
    assert found.timestamp() == 60


def test_events_of_moved_and_deleted_files() -> None:
    moved = event_of(
        execution_pb2.ExecutionEvent(
            sequence=1,
            file=execution_pb2.GeneratedFile(
                file=FILE, path="/mnt/data/b", renamed_from="/mnt/data/a"
            ),
        )
    )
    assert isinstance(moved, GeneratedFile)
    assert (moved.path, moved.renamed_from) == ("/mnt/data/b", "/mnt/data/a")
    deleted = event_of(
        execution_pb2.ExecutionEvent(
            sequence=2, file_deleted=execution_pb2.FileDeleted(path="/mnt/data/a")
        )
    )
    assert isinstance(deleted, FileDeleted)
    assert deleted.path == "/mnt/data/a"


def test_file_changes_between_executions() -> None:
    made = execution_pb2.GeneratedFile(file=FILE, path="/mnt/data/a")
    skipped = execution_pb2.GeneratedFile(path="/mnt/data/b", skipped_reason="is a link")
    gone = execution_pb2.FileDeleted(path="/mnt/data/c")
    session = session_pb2.Session(
        state=session_pb2.SESSION_STATE_READY,
        background_changes=[
            execution_pb2.FileChange(file=made),
            execution_pb2.FileChange(file=skipped),
            execution_pb2.FileChange(deleted=gone),
        ],
    )
    assert session_info(session).background_changes == (
        FileChange("/mnt/data/a", file_of(FILE), "", "", deleted=False),
        FileChange("/mnt/data/b", None, "is a link", "", deleted=False),
        FileChange("/mnt/data/c", None, "", "", deleted=True),
    )


def test_attachment_lists_unpacked_and_skipped_files() -> None:
    plain = attachment("file-1", file_pb2.AttachFileResponse(path="/mnt/data/a", copied=True))
    assert (plain.file_id, plain.path, plain.copied) == ("file-1", "/mnt/data/a", True)
    assert plain.unpacked is None
    skipped = file_pb2.SkippedEntry(path="link", reason="is a link")
    unpacked = file_pb2.Unpacked(files=2, bytes=10, skipped=[skipped])
    folder = attachment("file-1", file_pb2.AttachFileResponse(unpacked=unpacked))
    assert folder.unpacked == Unpacked(2, 10, (Skipped("link", "is a link"),))


def test_file_has_the_fields_of_the_proto() -> None:
    assert set(File.__dataclass_fields__) == set(file_pb2.File.DESCRIPTOR.fields_by_name)
