"""What goes wrong with an agent: its statuses as our errors."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import grpc

from cellblock_server.agent.checks import safe_words
from cellblock_server.common.errors import (
    AlreadyExistsError,
    CellblockError,
    InvalidArgumentError,
    NotFoundError,
    WrongStateError,
)


class AgentGoneError(CellblockError):
    """The agent does not answer any more."""

    def __init__(self, words: str = "", *, detail: str = "") -> None:
        """Say what happened in `words`; `detail` is gRPC's, which name paths of the host."""
        message = "the sandbox's agent does not answer"
        super().__init__("AGENT_GONE", f"{message}: {words}" if words else message, detail)


class StoreBehindError(CellblockError):
    """The agent was served by a server whose store knew more than ours."""

    def __init__(self, detail: str) -> None:
        """Say how it shows."""
        super().__init__(
            "STORE_BEHIND",
            "the server's store was restored from a copy that is older than what the sandbox has "
            f"run: {detail}",
        )


class FileChangedError(CellblockError):
    """A file was written to while it was read, and was wanted unchanged."""

    def __init__(self, path: str) -> None:
        """Name the file."""
        super().__init__("FILE_CHANGED", f"{path!r} was written to while it was read")
        self.path = path


@contextmanager
def translated_errors(path: str | None = None) -> Iterator[None]:
    """Turn the agent's statuses into our errors; `path` names the file in question."""
    try:
        yield
    except asyncio.CancelledError as error:
        # What gRPC says when a connection is closed under a call, as a session's is at its end.
        if (task := asyncio.current_task()) is None or task.cancelling():
            raise
        raise AgentGoneError("its connection was closed") from error
    except asyncio.InvalidStateError as error:
        # What gRPC says to one who writes to a stream that has ended meanwhile.
        raise AgentGoneError(detail=str(error)) from error
    except grpc.aio.BaseError as error:
        # UsageError is what gRPC raises for a call on a channel that has been closed.
        raise AgentGoneError(detail=str(error)) from error
    except grpc.aio.AioRpcError as error:
        detail = safe_words(error.details() or "")
        match error.code():
            case grpc.StatusCode.FAILED_PRECONDITION:
                raise WrongStateError("SANDBOX_REFUSED", detail) from error
            case code if path is not None:
                raise _about_file(code, path, detail) from error
            case code:
                raise AgentGoneError(code.name, detail=detail) from error


def _about_file(code: grpc.StatusCode, path: str, detail: str) -> CellblockError:
    match code:
        case grpc.StatusCode.NOT_FOUND:
            return NotFoundError("session_file", path)
        case grpc.StatusCode.ALREADY_EXISTS:
            return AlreadyExistsError("session_file", path, "is taken")
        case grpc.StatusCode.INVALID_ARGUMENT:
            return InvalidArgumentError("path", detail)
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return WrongStateError("SANDBOX_FULL", detail)
        case grpc.StatusCode.ABORTED:
            return FileChangedError(path)
    return AgentGoneError(code.name, detail=detail)
