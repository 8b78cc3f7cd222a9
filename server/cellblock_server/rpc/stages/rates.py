"""Stage that counts each call against its tenant's rate and its limit of open calls."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cellblock_server.rpc.caller import tenant
from cellblock_server.rpc.pipeline import Call, Method, Stage
from cellblock_server.tenants.call_quota import OpenCalls
from cellblock_server.tenants.call_rate import CallRates


class RateStage(Stage):
    """Raises QuotaError for a call over the limit. A stream is one call."""

    def __init__(self, rates: CallRates, calls: OpenCalls) -> None:
        """Count with `rates` and `calls`; belongs inside of `AuthStage`."""
        self._rates = rates
        self._calls = calls

    def applies_to(self, method: Method) -> bool:
        """Skip calls that need no key: they belong to no tenant."""
        return not method.is_open

    @asynccontextmanager
    async def during(self, call: Call) -> AsyncIterator[None]:
        """Count the call while it is open."""
        caller = tenant()
        self._rates.count_call(caller)
        self._calls.begin(caller)
        try:
            yield
        finally:
            self._calls.end(caller)
