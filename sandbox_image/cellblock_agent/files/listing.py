"""Listing of the data directory, in pages."""

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_agent.files.data_folder import DataFolder
from cellblock_agent.files.paths import NotPlainError, is_utf8
from cellblock_agent.files.report import file_entry, folder_entry, link_entry
from cellblock_agent.files.walk import Entry, ScanBounds

LIST_BOUNDS = ScanBounds(max_entries=100_000, max_seconds=5.0)
MAX_PAGE = 100_000
MAX_PAGE_BYTES = 16 * 2**20
"""Maximum size of one response: names may be long."""


def list_page(folder: DataFolder, request: pb.ListFilesRequest) -> pb.ListFilesResponse:
    """Return the next entries. Raises BadPathError, FileNotFoundError or NotPlainError."""
    response = pb.ListFilesResponse()
    most = min(request.max_entries, MAX_PAGE)
    size = 0
    walk = folder.walk(LIST_BOUNDS, folder=request.folder, after=request.after, depth=request.depth)
    for found in walk:
        entry = describe_entry(folder, found)
        response.incomplete = response.incomplete or found.is_closed
        if entry is None:
            continue
        size += entry.ByteSize()
        if len(response.files) >= most or size > MAX_PAGE_BYTES:
            response.more = True
            return response
        response.files.append(entry)
    response.incomplete = response.incomplete or not walk.is_complete
    return response


def stat_entry(folder: DataFolder, path: str) -> pb.FileEntry:
    """Return one entry. Raises BadPathError, or FileNotFoundError for other kinds of entries."""
    try:
        found = describe_entry(folder, folder.find(path))
    except NotPlainError:
        found = None  # a parent is a file
    if found is None:
        raise FileNotFoundError(path)
    return found


def describe_entry(folder: DataFolder, entry: Entry) -> pb.FileEntry | None:
    """Return an entry in the protocol; None for a socket, FIFO or device, or an invalid name."""
    if not is_utf8(entry.path):
        return None
    if entry.is_folder:
        return folder_entry(entry.path, entry.info)
    if entry.is_file:
        return file_entry(entry.path, entry.info)
    if folder.input_of(entry):
        info = folder.input_info(entry)
        return None if info is None else file_entry(entry.path, info)
    return None if entry.link is None else link_entry(entry.path, entry.info, entry.link)
