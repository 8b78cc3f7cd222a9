"""Use cases of session files: list, read, write and delete what is in `/mnt/data` now."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

from cellblock_server.common.errors import OutOfRangeError
from cellblock_server.common.uninterrupted import uninterrupted
from cellblock_server.files.paths import data_folder, data_path
from cellblock_server.files.session_file import SessionFile, session_file
from cellblock_server.sessions.manager import SessionManager
from cellblock_server.store import paging
from cellblock_server.tenants.turns import Turns

MAX_LISTED = 1000


@dataclass(frozen=True)
class SessionFilePage:
    """A page of session files."""

    files: list[SessionFile]
    next_token: str
    incomplete: bool
    """Whether there are more files than a sandbox lists."""


class SessionFileUseCases:
    """Works with `/mnt/data` of live sessions. Each call is a use of its session.

    All of them raise NotFoundError for a session of another tenant, and InvalidArgumentError for a
    path that leads elsewhere.
    """

    def __init__(self, sessions: SessionManager, turns: Turns) -> None:
        """Work in `sessions`; writes take `turns`."""
        self._sessions = sessions
        self._turns = turns

    async def list(
        self, tenant: str, session_id: str, folder: str, size: int, token: str
    ) -> SessionFilePage:
        """Return a page of the files in a folder."""
        if not 0 <= size <= MAX_LISTED:
            raise OutOfRangeError(
                "page_size", f"must be 1 to {MAX_LISTED}, or 0 for that, got {size}"
            )
        relative = data_folder("folder", folder)
        after = paging.path(token)
        size = size or MAX_LISTED
        async with self._sessions.using(tenant, session_id) as live:
            listing = await live.agent.list_files(size, relative, after)
        files = listing.files[:size]
        return SessionFilePage(
            files=list(map(session_file, files)),
            next_token=paging.token_after(files[-1].path) if listing.more and files else "",
            incomplete=listing.incomplete,
        )

    async def read(
        self, tenant: str, session_id: str, path: str, offset: int, length: int
    ) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of a file, or of a range."""
        relative = data_path("path", path)
        for field, value in (("offset", offset), ("length", length)):
            if value < 0:
                raise OutOfRangeError(field, f"must be at least 0, got {value}")
        async with self._sessions.using(tenant, session_id) as live:
            async for chunk in live.agent.read_file(relative, offset, length):
                yield chunk

    async def write(
        self, tenant: str, session_id: str, path: str, data: AsyncIterator[bytes]
    ) -> SessionFile:
        """Write a file when its tenant may receive one more stream of bytes."""
        relative = data_path("target.path", path)
        async with self._turns.turn(tenant), self._sessions.using(tenant, session_id) as live:
            return session_file(await live.agent.write_file(relative, data))

    async def delete(self, tenant: str, session_id: str, path: str, *, recursive: bool) -> None:
        """Remove a file or folder, even if the caller leaves."""
        relative = data_path("path", path)
        async with self._sessions.using(tenant, session_id) as live:
            await uninterrupted(live.agent.remove_file(relative, recursive=recursive))

    async def create_folder(self, tenant: str, session_id: str, path: str) -> SessionFile:
        """Make a folder, and those above it."""
        relative = data_path("path", path.rstrip("/"))
        async with self._sessions.using(tenant, session_id) as live:
            return session_file(await live.agent.make_folder(relative))

    async def read_folder(
        self, tenant: str, session_id: str, path: str
    ) -> AsyncGenerator[bytes, None]:
        """Yield a folder as a ZIP archive."""
        relative = data_folder("path", path)
        async with self._sessions.using(tenant, session_id) as live:
            async for chunk in live.agent.read_folder(relative):
                yield chunk
