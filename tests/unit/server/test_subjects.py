"""Subjects of an audit entry: the ids in a message, and no other content."""

import pytest
from google.protobuf.message import Message

from cellblock.v1 import admin_pb2, execution_pb2, file_pb2, run_step_pb2, session_pb2
from cellblock_server.rpc.subjects import subjects_of

SECRET = "sesame"
KEY = f"cb_key_{'a' * 24}_{'b' * 43}"
CASES: list[tuple[Message, dict[str, str]]] = [
    (session_pb2.GetSessionRequest(session_id="sess_1"), {"session_id": "sess_1"}),
    (
        session_pb2.CreateSessionResponse(session=session_pb2.Session(id="sess_1")),
        {"session_id": "sess_1"},
    ),
    (
        execution_pb2.ExecuteRequest(
            session_id="sess_1",
            execution_id="call_1",
            code=SECRET,
            environment={"A": SECRET},
            place=execution_pb2.RunStepPlace(step_id="step_1", thread_id=SECRET),
        ),
        {"session_id": "sess_1", "execution_id": "call_1", "step_id": "step_1"},
    ),
    (
        file_pb2.UploadFileRequest(
            metadata=file_pb2.UploadFileMetadata(filename=SECRET, upload_id="upload_1")
        ),
        {"upload_id": "upload_1"},
    ),
    (file_pb2.UploadFileRequest(data=SECRET.encode()), {}),
    (
        file_pb2.AttachFileRequest(
            session_id="sess_1", attachment=file_pb2.Attachment(file_id="file-1", filename=SECRET)
        ),
        {"session_id": "sess_1", "file_id": "file-1"},
    ),
    (file_pb2.ReadSessionFileResponse(data=SECRET.encode()), {}),
    (run_step_pb2.ResolveAnnotationsRequest(text=SECRET), {}),
    (
        admin_pb2.CreateKeyResponse(
            key=admin_pb2.Key(id="key_1", tenant_id="acme", description=SECRET), secret=KEY
        ),
        {"key_id": "key_1", "tenant_id": "acme"},
    ),
    # Values that are no ids, in fields for ids.
    (session_pb2.GetSessionRequest(session_id=SECRET), {}),
    (session_pb2.GetSessionRequest(session_id=f"sess_{'a' * 65}"), {}),
    (session_pb2.GetSessionRequest(session_id="sess_a b"), {}),
    (admin_pb2.RevokeKeyRequest(key_id=KEY), {}),
    (admin_pb2.RevokeKeyRequest(key_id=KEY.removeprefix("cb_")), {}),
    (admin_pb2.GetTenantRequest(tenant_id=f"A {SECRET}"), {}),
]


@pytest.mark.parametrize(("message", "subjects"), CASES)
def test_only_ids_are_recorded(message: Message, subjects: dict[str, str]) -> None:
    assert subjects_of(message) == subjects


def test_missing_message_has_no_subjects() -> None:
    assert subjects_of(None) == {}
