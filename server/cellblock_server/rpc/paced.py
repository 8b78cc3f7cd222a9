"""Requests of a stream, with a time limit for each."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Generic, TypeVar

from cellblock_server.common.errors import UnavailableError

IDLE_TIMEOUT = timedelta(minutes=5)
"""Default time limit for the next request."""

Request = TypeVar("Request")


class Paced(Generic[Request]):
    """Requests of a stream, each awaited for a limited time.

    Not a generator, which would keep each request until the next one has come.
    """

    def __init__(self, requests: AsyncIterator[Request], timeout: timedelta) -> None:
        """Wait for each of `requests` for `timeout`, from when it is requested."""
        self._requests = aiter(requests)
        self._seconds = timeout.total_seconds()

    def __aiter__(self) -> AsyncIterator[Request]:
        """Return this object: there is one reader."""
        return self

    async def __anext__(self) -> Request:
        """Return the next request. Raises UnavailableError if it does not come in time."""
        try:
            async with asyncio.timeout(self._seconds):
                return await anext(self._requests)
        except TimeoutError as error:
            raise UnavailableError(
                "UPLOAD_IDLE",
                f"no bytes came for {self._seconds:g} s, the longest pause of an upload "
                "(server.idle_upload_timeout); send them again, or resume a named upload",
            ) from error
