"""Descriptions of images: what code finds in a session, for integrators and prompts."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from secrets import token_urlsafe

from cellblock.agent.v1.agent_pb2 import DescribeImageResponse
from cellblock_server.backends.sandbox import SandboxSpec
from cellblock_server.common.ids import new_id
from cellblock_server.common.uninterrupted import uninterrupted
from cellblock_server.config import Settings
from cellblock_server.sessions.image_text import SandboxFacts
from cellblock_server.sessions.limits import sandbox_spec
from cellblock_server.sessions.ready import ReadySandbox
from cellblock_server.sessions.request import NewSession
from cellblock_server.sessions.starter import SessionStarter

KEPT_SECONDS = 300.0
"""Time for which a description is kept: an operator may build an image again under its name."""


@dataclass(frozen=True)
class DescribedImage:
    """An image with its content, and the limits of sessions that have it."""

    image: str
    content: DescribeImageResponse
    facts: SandboxFacts


@dataclass(frozen=True)
class _Kept:
    content: DescribeImageResponse
    time: float


class ImageDescriptions:
    """Describes the images that sessions may have.

    The content comes from a sandbox that is started for it and has run no code: a session's sandbox
    could lie, and the answer goes into other tenants' prompts.
    """

    def __init__(
        self,
        settings: Settings,
        starter: SessionStarter,
        kept_seconds: float = KEPT_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start sandboxes as `starter` does, at most one for an image in `kept_seconds`."""
        self._settings = settings
        self._starter = starter
        self._kept_seconds = kept_seconds
        self._now = now
        # Only images that the operator allows get here.
        self._kept: dict[str, _Kept] = {}
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def describe(self, image: str, network: str) -> DescribedImage:
        """Return the description of an image that sessions may have; empty fields: the default.

        Raises InvalidArgumentError for another image or network, and what a session's start raises.
        """
        wanted = NewSession(image=image, network=network)
        wanted.check(self._settings)
        spec = sandbox_spec(wanted, self._settings, new_id("sbx_"))
        content = await self._content(replace(spec, has_egress=False))
        settings = self._settings
        facts = SandboxFacts(
            limits=spec.limits,
            time_limit=settings.executions.time_limit,
            max_time_limit=settings.executions.max_time_limit,
            max_text_bytes=int(settings.executions.max_text_bytes),
            idle_timeout=settings.sessions.idle_timeout,
            network="proxy" if spec.has_egress else "none",
            allowed_hosts=tuple(settings.egress.allow) if spec.has_egress else (),
        )
        return DescribedImage(spec.image, content, facts)

    async def _content(self, spec: SandboxSpec) -> DescribeImageResponse:
        async with self._turns[spec.image]:
            kept = self._kept.get(spec.image)
            if kept is None or self._now() - kept.time >= self._kept_seconds:
                kept = self._kept[spec.image] = _Kept(
                    # A caller that leaves must leave no sandbox.
                    await uninterrupted(self._ask(spec)),
                    self._now(),
                )
        return kept.content

    async def _ask(self, spec: SandboxSpec) -> DescribeImageResponse:
        starter = self._starter
        async with starter.start_queue.turn():
            ready = await ReadySandbox.start(
                starter.backend,
                spec,
                token_urlsafe(32),
                starter.start_timeout,
                starter.agent_timings,
            )
        try:
            return await ready.agent.describe_image()
        finally:
            await ready.discard(starter.backend)
