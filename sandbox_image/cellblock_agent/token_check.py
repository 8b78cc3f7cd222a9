"""Authentication of the agent's calls: user code in the sandbox must not call the agent."""

import hmac
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc

METADATA_KEY = "cellblock-token"
MIN_TOKEN = 32

Continuation = Callable[
    [grpc.HandlerCallDetails], Awaitable["grpc.RpcMethodHandler[Any, Any] | None"]
]


class TokenError(Exception):
    """The run directory has no usable token."""


def take_token(run_dir: Path) -> str:
    """Read the token and remove its file, before any user code runs. Raises TokenError."""
    path = run_dir / "token"
    try:
        token = path.read_text()
        path.unlink()
    except OSError as error:
        raise TokenError(f"{path}: {error.strerror}") from error
    if len(token) < MIN_TOKEN:
        raise TokenError(f"{path}: must have {MIN_TOKEN} characters or more, has {len(token)}")
    return token


class TokenInterceptor(grpc.aio.ServerInterceptor):
    """Interceptor that refuses calls without the token, with UNAUTHENTICATED."""

    def __init__(self, token: str) -> None:
        """Require `token`."""
        self._token = token.encode()

        async def refuse(_request: object, context: "grpc.aio.ServicerContext[Any, Any]") -> None:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "wrong or missing token")

        self._refusal: grpc.RpcMethodHandler[Any, Any] = grpc.unary_unary_rpc_method_handler(refuse)

    async def intercept_service(
        self, continuation: Continuation, details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """Continue the call, or refuse it."""
        given = dict(details.invocation_metadata).get(METADATA_KEY, "")
        if hmac.compare_digest(str(given).encode(), self._token):
            return await continuation(details)
        return self._refusal
