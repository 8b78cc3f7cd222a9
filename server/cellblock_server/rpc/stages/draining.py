"""Stage that refuses calls once the server stops, and ends those in flight."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cellblock_server.app.draining import Draining
from cellblock_server.rpc.pipeline import Call, Pause, Stage

STANDARD_PREFIX = "/grpc."
"""Prefix of health checks and reflection: their streams can be reopened, their calls are short."""


class DrainStage(Stage):
    """Opens each call in `Draining`; belongs before everything that costs more than a refusal."""

    def __init__(self, draining: Draining) -> None:
        """Open calls in `draining`."""
        self._draining = draining

    @asynccontextmanager
    async def during(self, call: Call) -> AsyncIterator[None]:
        """Have the call end when the server stops."""
        is_standard = call.method.name.startswith(STANDARD_PREFIX)
        is_stream = call.method.streams_responses
        # A caller that watches the server's health needs to learn that it stops.
        with self._draining.open_call(refuse=is_stream or not is_standard) as opened:
            opened.is_resumable = is_stream and is_standard
            call.while_sending(Pause(opened))
            with opened.working():
                yield
