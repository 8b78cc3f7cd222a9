"""Says which files of a session a text links to."""

from dataclasses import dataclass

from cellblock_server.common.errors import NotFoundError
from cellblock_server.runsteps.annotations import Link, find_links, resolve
from cellblock_server.store.files import FileStore
from cellblock_server.store.records import FileRecord
from cellblock_server.store.sessions import SessionStore


@dataclass(frozen=True)
class Resolved:
    """What a text links to."""

    links: list[tuple[Link, FileRecord]]
    unknown: list[str]
    """Texts of links to no file, each once."""


class AnnotationResolver:
    """Looks links up among a session's files: generated ones by path, and attachments."""

    def __init__(self, files: FileStore, sessions: SessionStore) -> None:
        """Look in these."""
        self._files = files
        self._sessions = sessions

    async def resolve(self, tenant: str, session_id: str, text: str) -> Resolved:
        """The links in `text`. Raises NotFoundError for an unknown session."""
        if await self._sessions.find(tenant, session_id) is None:
            raise NotFoundError("session", session_id)
        found = find_links(text)
        paths = {link.path for place in found for link in place.candidates}
        known = await self._files.at_paths(tenant, session_id, paths)
        good, bad = resolve(found, known)
        return Resolved(
            [(link, known[link.path]) for link in good],
            list(dict.fromkeys(link.text for link in bad)),
        )
