"""Errors of an agent, and the translation of its gRPC statuses into them."""

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

EARLIER_AGENT = "the image has an agent of an earlier release, which can't do that: build it again"


class AgentGoneError(CellblockError):
    """The agent no longer responds."""

    def __init__(self, words: str = "", *, detail: str = "") -> None:
        """Describe the failure in `words`; `detail` is gRPC's text, which may have host paths."""
        message = "the sandbox's agent does not answer"
        super().__init__("AGENT_GONE", f"{message}: {words}" if words else message, detail)


class StoreBehindError(CellblockError):
    """The agent was used by a server with a newer database than ours."""

    def __init__(self, detail: str) -> None:
        """Describe the difference in `detail`."""
        super().__init__(
            "STORE_BEHIND",
            "the server's store was restored from a copy that is older than what the sandbox has "
            f"run: {detail}",
        )


class FileChangedError(CellblockError):
    """A file that was to be read unchanged was written to meanwhile."""

    def __init__(self, path: str) -> None:
        """Name the file."""
        super().__init__("FILE_CHANGED", f"{path!r} was written to while it was read")
        self.path = path


@contextmanager
def translated_errors(path: str | None = None) -> Iterator[None]:
    """Translate the agent's gRPC statuses into our errors; `path` names the file in question."""
    try:
        yield
    except asyncio.CancelledError as error:
        # gRPC raises this when a connection is closed during a call, as at the end of a session.
        if (task := asyncio.current_task()) is None or task.cancelling():
            raise
        raise AgentGoneError("its connection was closed") from error
    except asyncio.InvalidStateError as error:
        # gRPC raises this for a write to a stream that has ended meanwhile.
        raise AgentGoneError(detail=str(error)) from error
    except grpc.aio.BaseError as error:
        # gRPC raises UsageError for a call on a closed channel.
        raise AgentGoneError(detail=str(error)) from error
    except grpc.aio.AioRpcError as error:
        detail = safe_words(error.details() or "")
        match error.code():
            case grpc.StatusCode.FAILED_PRECONDITION:
                raise WrongStateError("SANDBOX_REFUSED", detail) from error
            case grpc.StatusCode.UNIMPLEMENTED:
                raise WrongStateError("SANDBOX_REFUSED", EARLIER_AGENT) from error
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
