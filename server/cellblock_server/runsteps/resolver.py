"""Resolution of a text's links to the files of a session."""

import asyncio
from dataclasses import dataclass
from typing import Any

from cellblock_server.common.errors import NotFoundError
from cellblock_server.runsteps.annotations import Link, find_links, resolve, unambiguous
from cellblock_server.runsteps.step import Format
from cellblock_server.store.files import FileStore
from cellblock_server.store.records import FileRecord
from cellblock_server.store.sessions import SessionStore

MAX_PATHS = 10_000
"""Maximum number of a session's newest paths that are searched for a similar one."""


@dataclass(frozen=True)
class Resolved:
    """Links of a text, resolved to files."""

    links: list[tuple[Link, FileRecord]]
    unknown: list[str]
    """Texts of links that match no file, without duplicates."""

    def shown(self, form: Format, session_id: str) -> list[dict[str, Any]]:
        """Return the links as annotations of OpenAI's API."""
        return [_annotation(link, file, form, session_id) for link, file in self.links]


class AnnotationResolver:
    """Looks up links among a session's generated files and attachments."""

    def __init__(self, files: FileStore, sessions: SessionStore) -> None:
        """Look up files in `files`, and sessions in `sessions`."""
        self._files = files
        self._sessions = sessions

    async def resolve(self, tenant: str, session_id: str, text: str) -> Resolved:
        """Return the links in `text`. Raises NotFoundError for an unknown session."""
        if await self._sessions.find_session(tenant, session_id) is None:
            raise NotFoundError("session", session_id)
        # In threads: a text of 1 MiB can take long.
        found = await asyncio.to_thread(find_links, text)
        paths = {link.path for place in found for link in place.candidates}
        known = await self._files.at_paths(tenant, session_id, paths)
        good, bad = resolve(found, known)
        if len(good) < len(found):
            # Names that are written differently: a rare case, so the exact ones are tried first.
            every = await self._files.paths_of_session(tenant, session_id, MAX_PATHS)
            good, bad = await asyncio.to_thread(resolve, found, known, unambiguous(every))
            known |= await self._files.at_paths(
                tenant, session_id, {link.path for link in good} - known.keys()
            )
            good = [link for link in good if link.path in known]
        return Resolved(
            [(link, known[link.path]) for link in good],
            list(dict.fromkeys(link.text for link in bad)),
        )


def _annotation(link: Link, file: FileRecord, form: Format, session_id: str) -> dict[str, Any]:
    places = {"start_index": link.start, "end_index": link.end}
    if form is Format.RESPONSES:
        return {
            "type": "container_file_citation",
            "container_id": session_id,
            "file_id": file.id,
            "filename": file.filename,
            **places,
        }
    return {"type": "file_path", "text": link.text, **places, "file_path": {"file_id": file.id}}
