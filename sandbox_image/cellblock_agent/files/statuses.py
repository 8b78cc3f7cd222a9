"""Errors of the agent, and their translation into statuses of calls."""

import errno
from types import TracebackType
from typing import Any, TypeAlias

import grpc

from cellblock_agent.files.paths import BadPathError, NotPlainError

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Code = grpc.StatusCode

FULL = {
    errno.ENOSPC: "/mnt/data is full: nothing was written",
    errno.EDQUOT: "/mnt/data is full: nothing was written",
    errno.EFBIG: "the file exceeds the maximum size of files in /mnt/data: nothing was written",
}


class InvalidRequestError(Exception):
    """A request lacks something, or has an invalid value."""


class RefusedError(Exception):
    """A request is valid, but can't be granted in the current state."""


class ChangedError(Exception):
    """A file changed while it was read."""


class Statuses:
    """Context manager that turns the errors of a block into the status of its call."""

    def __init__(self, context: Context) -> None:
        """Abort calls of `context`."""
        self._context = context

    async def __aenter__(self) -> None:
        """Enter the block."""

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Abort the call with the status of `error`; do nothing for unknown errors."""
        match error:
            case BadPathError() | InvalidRequestError():
                await self._context.abort(Code.INVALID_ARGUMENT, str(error))
            case NotPlainError() | RefusedError():
                await self._context.abort(Code.FAILED_PRECONDITION, str(error))
            case ChangedError():
                await self._context.abort(Code.ABORTED, str(error))
            case FileNotFoundError():
                await self._context.abort(Code.NOT_FOUND, "no such file")
            case FileExistsError():
                await self._context.abort(Code.ALREADY_EXISTS, "the name is taken")
            case OSError() if error.errno in FULL:
                await self._context.abort(Code.RESOURCE_EXHAUSTED, FULL[error.errno])
            case OSError():
                # User code has changed the directory: the caller needs the reason.
                await self._context.abort(Code.FAILED_PRECONDITION, str(error.strerror))
