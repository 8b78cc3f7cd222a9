"""Calls of the file service as values: see `calls.py`."""

from collections.abc import Sequence

from cellblock.v1 import file_pb2
from cellblock_client.calls import PAGE_SIZE, Call, Page
from cellblock_client.types import (
    Attachment,
    File,
    FilePurpose,
    ListOrder,
    SessionFile,
    SessionFileList,
    UploadState,
    attachment,
    file_of,
    session_file,
    upload_state,
)

SESSION_FILES_PAGE_SIZE = 1000
NO_SESSION_FILE = "SESSION_FILE_NOT_FOUND"


def get_file(file_id: str) -> Call[File]:
    """Get a stored file's metadata."""
    request = file_pb2.GetFileRequest(file_id=file_id)
    return Call("file", "GetFile", request, lambda r: file_of(r.file))


def list_files(
    token: str,
    *,
    session_id: str,
    execution_id: str,
    purpose: FilePurpose | None,
    filename: str,
    order: ListOrder | None,
) -> Call[Page[File]]:
    """List stored files."""
    request = file_pb2.ListFilesRequest(
        page_size=PAGE_SIZE,
        page_token=token,
        session_id=session_id,
        execution_id=execution_id,
        purpose=purpose.value if purpose else file_pb2.FILE_PURPOSE_UNSPECIFIED,
        filename=filename,
        order=order.value if order else file_pb2.LIST_ORDER_UNSPECIFIED,
    )
    return Call(
        "file",
        "ListFiles",
        request,
        lambda r: Page([file_of(item) for item in r.files], r.next_page_token),
    )


def get_upload(upload_id: str) -> Call[UploadState]:
    """Get the progress of an upload."""
    request = file_pb2.GetUploadRequest(upload_id=upload_id)
    return Call("file", "GetUpload", request, upload_state)


def delete_file(file_id: str) -> Call[None]:
    """Delete a stored file."""
    request = file_pb2.DeleteFileRequest(file_id=file_id)
    return Call("file", "DeleteFile", request, lambda _r: None, gone="FILE_NOT_FOUND")


def attach_file(session_id: str, wanted: file_pb2.Attachment) -> Call[Attachment]:
    """Attach a stored file to a session."""
    request = file_pb2.AttachFileRequest(session_id=session_id, attachment=wanted)
    return Call("file", "AttachFile", request, lambda r: attachment(wanted.file_id, r))


def detach_file(session_id: str, file_id: str) -> Call[None]:
    """Detach a file from a session."""
    request = file_pb2.DetachFileRequest(session_id=session_id, file_id=file_id)
    return Call("file", "DetachFile", request, lambda _r: None, gone="ATTACHMENT_NOT_FOUND")


def list_session_files(
    session_id: str, folder: str, depth: int, token: str
) -> Call[Page[SessionFile]]:
    """List the files in a session."""
    request = file_pb2.ListSessionFilesRequest(
        session_id=session_id,
        folder=folder,
        page_size=SESSION_FILES_PAGE_SIZE,
        page_token=token,
        depth=depth,
    )
    return Call(
        "file",
        "ListSessionFiles",
        request,
        lambda r: Page(
            [session_file(item) for item in r.files], r.next_page_token, bool(r.incomplete)
        ),
    )


def session_file_list(pages: Sequence[Page[SessionFile]]) -> SessionFileList:
    """Join all pages of a listing."""
    files = SessionFileList(file for page in pages for file in page.items)
    files.incomplete = any(page.incomplete for page in pages)
    return files


def delete_session_file(session_id: str, path: str, *, recursive: bool) -> Call[None]:
    """Delete a file in a session."""
    request = file_pb2.DeleteSessionFileRequest(
        session_id=session_id, path=path, recursive=recursive
    )
    return Call("file", "DeleteSessionFile", request, lambda _r: None, gone=NO_SESSION_FILE)


def stat_session_file(session_id: str, path: str) -> Call[SessionFile]:
    """Describe a file in a session."""
    request = file_pb2.StatSessionFileRequest(session_id=session_id, path=path)
    return Call("file", "StatSessionFile", request, lambda r: session_file(r.file))


def move_session_file(
    session_id: str, path: str, new_path: str, *, overwrite: bool
) -> Call[SessionFile]:
    """Rename or move a file in a session."""
    request = file_pb2.MoveSessionFileRequest(
        session_id=session_id, path=path, new_path=new_path, overwrite=overwrite
    )
    return Call(
        "file", "MoveSessionFile", request, lambda r: session_file(r.file), repeatable=False
    )


def set_session_file_mode(session_id: str, path: str, mode: int) -> Call[SessionFile]:
    """Set the permissions of a file in a session."""
    request = file_pb2.SetSessionFileModeRequest(session_id=session_id, path=path, mode=mode)
    return Call("file", "SetSessionFileMode", request, lambda r: session_file(r.file))


def create_session_folder(session_id: str, path: str) -> Call[SessionFile]:
    """Create a folder in a session."""
    request = file_pb2.CreateSessionFolderRequest(session_id=session_id, path=path)
    return Call("file", "CreateSessionFolder", request, lambda r: session_file(r.folder))
