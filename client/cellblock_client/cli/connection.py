"""Connection and session of a command."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cellblock_client._sync.session_uploads import SessionUploads
from cellblock_client.cli.access import ACCESS, OWN_SERVER, configured_address, open_client
from cellblock_client.cli.transfers import attach_path, note_skipped
from cellblock_client.client import Client, Session
from cellblock_client.embedded import embedded_server
from cellblock_client.folders import is_archive


@dataclass(frozen=True)
class OpenedSession:
    """Client with one of its server's sessions."""

    client: Client
    session: Session
    uploads: SessionUploads
    """Files uploaded for the session; deleted after it, if it was created for the command."""


@contextmanager
def open_session(
    address: str | None,
    backend: str | None,
    session_id: str | None,
    attach: Sequence[Path],
    *,
    unpack: bool,
    keep: bool = False,
) -> Iterator[OpenedSession]:
    """Connect, starting a server if there is no `address`; find or create the session.

    A session created here is deleted at the end, with its uploads, unless it is to be kept.
    `attach` is attached to it; with `unpack`, archives become directories.
    """
    with ExitStack() as stack:
        address = address or configured_address()
        if not address:
            address = stack.enter_context(embedded_server(backend))
            ACCESS.set(OWN_SERVER)
        client = stack.enter_context(open_client(address))
        uploads = SessionUploads(client.files)
        if session_id:
            session = client.sessions.get(session_id)
        else:
            session = client.sessions.create()
            if not keep:
                stack.callback(uploads.discard)
                stack.enter_context(session)
        for path in attach:
            archive = unpack and is_archive(path.name)
            attached = attach_path(client.address, session.id, path, unpack=archive)
            uploads.add(attached.file_id)
            note_skipped(attached)
        yield OpenedSession(client, session, uploads)
