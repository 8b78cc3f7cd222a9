"""Use cases of session files: what is in `/mnt/data` now."""

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
MAX_MODE = 0o777
"""All permissions, without set-user-ID, set-group-ID and sticky."""


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
        self, tenant: str, session_id: str, folder: str, size: int, token: str, depth: int = 0
    ) -> SessionFilePage:
        """Return a page of the files in a folder, down to a number of levels; 0 for all."""
        if depth < 0:
            raise OutOfRangeError("depth", f"must be at least 0, got {depth}")
        if not 0 <= size <= MAX_LISTED:
            raise OutOfRangeError(
                "page_size", f"must be 1 to {MAX_LISTED}, or 0 for that, got {size}"
            )
        relative = data_folder("folder", folder)
        after = paging.path(token)
        size = size or MAX_LISTED
        async with self._sessions.using(tenant, session_id) as live:
            listing = await live.agent.list_files(size, relative, after, depth)
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
        self,
        tenant: str,
        session_id: str,
        path: str,
        data: AsyncIterator[bytes],
        mode: int | None = None,
    ) -> SessionFile:
        """Write a file when its tenant may receive one more stream of bytes."""
        relative = data_path("target.path", path)
        if mode is not None:
            check_mode("target.mode", mode)
        async with self._turns.turn(tenant), self._sessions.using(tenant, session_id) as live:
            return session_file(await live.agent.write_file(relative, data, mode=mode))

    async def stat(self, tenant: str, session_id: str, path: str) -> SessionFile:
        """Return a file, folder or link as it is now; `/mnt/data` itself for an empty path."""
        relative = data_folder("path", path)
        async with self._sessions.using(tenant, session_id) as live:
            return session_file(await live.agent.stat_file(relative))

    async def move(
        self, tenant: str, session_id: str, path: str, new_path: str, *, overwrite: bool
    ) -> SessionFile:
        """Rename a file, folder or link, even if the caller leaves."""
        relative = data_path("path", path.rstrip("/"))
        new_relative = data_path("new_path", new_path.rstrip("/"))
        async with self._sessions.using(tenant, session_id) as live:
            moving = live.agent.move_file(relative, new_relative, overwrite=overwrite)
            return session_file(await uninterrupted(moving))

    async def set_mode(self, tenant: str, session_id: str, path: str, mode: int) -> SessionFile:
        """Set the permissions of a file or folder."""
        relative = data_path("path", path.rstrip("/"))
        check_mode("mode", mode)
        async with self._sessions.using(tenant, session_id) as live:
            return session_file(await live.agent.set_file_mode(relative, mode))

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


def check_mode(field: str, mode: int) -> None:
    """Raise OutOfRangeError that names `field` for invalid permissions."""
    if mode > MAX_MODE:
        raise OutOfRangeError(field, f"must be 0 to 0o{MAX_MODE:o}, got 0o{mode:o}")
