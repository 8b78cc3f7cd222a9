"""Egress for sessions that have it: one proxy, and a relay for each session."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from ipaddress import IPv4Network
from pathlib import Path
from types import TracebackType

import structlog

from cellblock_server.common.errors import WrongStateError
from cellblock_server.common.supervisor import Supervisor
from cellblock_server.egress.proxy import Proxy
from cellblock_server.egress.relay import Listen, Relay, RelayBounds
from cellblock_server.egress.squid_config import SOURCES, Allowed

FIELDS = ("outcome", "status", "method", "target", "address", "bytes", "milliseconds")

log = structlog.get_logger(__name__)


class Egress:
    """Egress of all sessions: a context manager that ends the proxy and all connections."""

    def __init__(
        self, folder: Path, allowed: Allowed, bounds: RelayBounds, supervisor: Supervisor
    ) -> None:
        """Store the proxy's configuration in `folder`."""
        self._supervisor = supervisor
        self._loops = AsyncExitStack()
        self._bounds = bounds
        seconds = int(bounds.timeout.total_seconds())
        self._proxy = Proxy(folder, allowed, max(1, seconds), self._log_request)
        self._relays: dict[str, tuple[str, Relay]] = {}
        """Session and relay by source address."""

    async def __aenter__(self) -> "Egress":
        """Start the proxy. Raises WrongStateError (`EGRESS_UNAVAILABLE`)."""
        await self._proxy.start()
        proxy = self._supervisor.supervise("egress_proxy", self._proxy.run)
        await self._loops.enter_async_context(proxy)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything."""
        await self._loops.aclose()
        for _session, relay in list(self._relays.values()):
            await relay.close()
        await self._proxy.stop()

    async def open(self, session_id: str, listen: Listen) -> "SessionEgress":
        """Start egress for a session; `listen` accepts its sandbox's connections."""
        source = next(address for address in _sources() if address not in self._relays)
        relay = Relay(session_id, source, self._bounds, lambda: self._proxy.port)
        self._relays[source] = (session_id, relay)
        way = SessionEgress(self, source, relay)
        try:
            await relay.start(listen)
        except BaseException:
            await way.close()
            raise
        return way

    def release_source(self, source: str) -> None:
        """Release the source address for another session."""
        self._relays.pop(source, None)

    def _log_request(self, fields: list[str]) -> None:
        source, *values = fields
        session_id, _relay = self._relays.get(source, ("", None))
        if session_id:
            known = dict(zip(FIELDS, values, strict=False))
            log.info("egress_request", session_id=session_id, **known)


class SessionEgress:
    """Egress of one session."""

    def __init__(self, egress: Egress, source: str, relay: Relay) -> None:
        """Use `Egress.open`."""
        self._egress = egress
        self._source = source
        self._relay = relay

    @property
    def carried_bytes(self) -> int:
        """Return the bytes relayed with this server, in both directions."""
        return self._relay.carried_bytes

    async def close(self) -> None:
        """End all of the session's connections, and accept no more."""
        await self._relay.close()
        self._egress.release_source(self._source)


def _sources() -> Iterator[str]:
    return map(str, IPv4Network(SOURCES).hosts())


def missing() -> WrongStateError:
    """Return the error for a session with egress that a server without egress has taken over."""
    return WrongStateError("EGRESS_UNAVAILABLE", "egress is not enabled on this server any more")
