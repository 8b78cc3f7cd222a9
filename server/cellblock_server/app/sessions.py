"""Use cases of sessions: create, find, change and end them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cellblock_server.sessions.images import DescribedImage, ImageDescriptions
from cellblock_server.sessions.manager import SessionManager
from cellblock_server.sessions.request import NewSession
from cellblock_server.store.records import Page, SessionFilter, SessionRecord


@dataclass(frozen=True)
class SessionView:
    """A session as callers see it."""

    record: SessionRecord
    """The record, with times of the wall clock."""
    expire_time: datetime
    """Time at which the session ends if nothing more happens."""


class SessionUseCases:
    """Creates, finds, changes and ends the sessions of a tenant.

    All of them raise NotFoundError for what another tenant owns.
    """

    def __init__(self, sessions: SessionManager, images: ImageDescriptions) -> None:
        """Serve `sessions`, and describe their `images`."""
        self._sessions = sessions
        self._images = images

    async def create(self, tenant: str, new: NewSession) -> SessionView:
        """Create a session, or return the one that the same request created."""
        return self._view(await self._sessions.create(tenant, new))

    async def get(self, tenant: str, session_id: str) -> SessionView:
        """Return a session, live or ended."""
        return self._view(await self._sessions.get(tenant, session_id))

    async def list(
        self, tenant: str, wanted: SessionFilter, size: int, token: str
    ) -> Page[SessionView]:
        """Return a page of sessions, newest first."""
        page = await self._sessions.list(tenant, wanted, size, token)
        return Page([self._view(record) for record in page.items], page.next_token)

    async def update(
        self,
        tenant: str,
        session_id: str,
        labels: dict[str, str] | None,
        idle_timeout: timedelta | None,
        inactivity_limit: timedelta | None,
    ) -> SessionView:
        """Replace labels or timeouts; None leaves one as it is."""
        return self._view(
            await self._sessions.update(tenant, session_id, labels, idle_timeout, inactivity_limit)
        )

    async def keep_alive(self, tenant: str, session_id: str) -> SessionView:
        """Postpone the idle timeout."""
        return self._view(await self._sessions.keep_alive(tenant, session_id))

    async def restart(self, tenant: str, session_id: str, generation: int) -> SessionView:
        """Give the session a fresh kernel, if the one that runs is `generation`, or any for 0."""
        return self._view(await self._sessions.restart(tenant, session_id, generation))

    async def delete(self, tenant: str, session_id: str) -> SessionView:
        """End the session; one that has ended is left as it is."""
        return self._view(await self._sessions.delete(tenant, session_id))

    async def describe_image(self, image: str, network: str) -> DescribedImage:
        """Return what sessions with an image have; empty fields mean the default."""
        return await self._images.describe(image, network)

    def _view(self, record: SessionRecord) -> SessionView:
        shown = self._sessions.with_wall_times(record)
        return SessionView(shown, self._sessions.expire_time(shown))
