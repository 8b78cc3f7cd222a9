"""Around every call: counted against its tenant's rate, and what it may have open."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import grpc

from cellblock_server.rpc.caller import tenant
from cellblock_server.rpc.handlers import (
    Context,
    Continuation,
    Handler,
    Single,
    Streaming,
    wrapped,
)
from cellblock_server.rpc.permissions import OPEN
from cellblock_server.tenants.call_quota import OpenCalls
from cellblock_server.tenants.call_rate import CallRates


class RateInterceptor(grpc.aio.ServerInterceptor):
    """Raises QuotaError around the handler of a call too many. A stream is one call."""

    def __init__(self, rates: CallRates, calls: OpenCalls) -> None:
        """Count with these; to be put inside of `AuthInterceptor`."""
        self._rates = rates
        self._calls = calls

    async def intercept_service(
        self, continuation: Continuation, details: grpc.HandlerCallDetails
    ) -> Handler:
        """Wrap the handler that would take the call."""
        handler = await continuation(details)
        if handler is None or details.method in OPEN:
            return handler
        return wrapped(handler, self._single, self._streaming)

    def _single(self, inner: Single) -> Single:
        async def call(request: object, context: Context) -> object:
            caller = tenant()
            self._rates.take(caller)
            self._calls.begin(caller)
            try:
                return await inner(request, context)
            finally:
                self._calls.end(caller)

        return call

    def _streaming(self, inner: Streaming) -> Streaming:
        async def call(request: object, context: Context) -> AsyncGenerator[object, None]:
            caller = tenant()
            self._rates.take(caller)
            self._calls.begin(caller)
            try:
                async with aclosing(inner(request, context)) as responses:
                    async for response in responses:
                        yield response
            finally:
                self._calls.end(caller)

        return call
