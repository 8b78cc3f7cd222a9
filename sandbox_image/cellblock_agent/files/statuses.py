"""What goes wrong in the agent, as the status of a call."""

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
    errno.EFBIG: "the file is larger than a file in /mnt/data may be: nothing was written",
}


class InvalidRequestError(Exception):
    """A request lacks something, or has something that makes no sense."""


class RefusedError(Exception):
    """A request makes sense, but can't be granted as things are."""


class ChangedError(Exception):
    """A file changed while it was read."""


class Statuses:
    """Turns what a block raises into the status of its call."""

    def __init__(self, context: Context) -> None:
        """Abort calls of `context`."""
        self._context = context

    async def __aenter__(self) -> None:
        """Nothing to do."""

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Abort with the status that belongs to `error`; others pass."""
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
                # Something that user code has done to the folder: the caller's to see.
                await self._context.abort(Code.FAILED_PRECONDITION, str(error.strerror))
