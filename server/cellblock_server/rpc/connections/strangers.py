"""Bounds on connections that have shown no valid key: their number, age and calls.

gRPC can bound connections and calls in number, but can't distinguish callers with a key from
others: with its bounds alone, the first clients could lock out all later ones.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn

import structlog

from cellblock_server.common.errors import ExhaustedError
from cellblock_server.rpc.connections.accepted import Accepted, AcceptedConnections, peer_address
from cellblock_server.rpc.connections.banned import network_of
from cellblock_server.rpc.connections.limits import StrangerLimits
from cellblock_server.rpc.connections.offenders import Offenders
from cellblock_server.rpc.pipeline import Context

ENDED_SECONDS = 5.0
"""Time in which gRPC still delivers the last calls of a connection that was ended."""

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class _Connection:
    """State of one connection: its tenant, its age and its calls without a key."""

    tenant: str = ""
    """Tenant of the valid key that it has shown; empty if none."""
    since: float = 0.0
    last_call: float = 0.0
    tokens: float = 0.0
    """Calls without a key that it may make now; less than 0 if some wait for their turn."""
    counted: float = 0.0
    """Time at which `tokens` was last updated."""
    waiting: int = 0
    refused: int = 0
    has_key: asyncio.Event = field(default_factory=asyncio.Event)
    inode: int = 0


class Strangers:
    """Watches the connections of the listener while `run` runs.

    A stranger is a connection without an admitted call. It gets slow responses, then none;
    connections without a key that are too many, too old or too busy are ended.
    """

    def __init__(self, limits: StrangerLimits, now: Callable[[], float] = time.monotonic) -> None:
        """Apply `limits`; `now` returns seconds."""
        self._limits = limits
        self._now = now
        self._accepted: AcceptedConnections | None = None
        self._connections: dict[str, _Connection] = {}
        self._condemned: set[str] = set()
        self._ended: dict[str, float] = {}
        """Peers whose connections were ended, with the time: their last calls may still arrive."""
        self._offenders = Offenders(limits)
        self._urgent = asyncio.Event()

    def watch_port(self, port: int) -> None:
        """Watch connections to this local TCP port. Without it, nothing is bounded."""
        self._accepted = AcceptedConnections(port)

    def admit_caller(self, context: Context, tenant: str) -> None:
        """Record that this connection made a call with a valid key, or one that needs none."""
        connection = self._of(context)
        if connection is None:
            return
        connection.last_call = self._now()
        if connection.tenant != tenant:
            connection.tenant = tenant
            connection.has_key.set()

    async def await_end(self, context: Context) -> None:
        """Wait until a connection that is to be ended has ended; return immediately for others.

        Call it before any work for a call: gRPC may have read many calls of such a connection. Not
        responding costs least; the connection's end cancels the calls.
        """
        if not self._condemned and not self._ended:
            return
        peer = peer_address(context.peer())
        if peer in self._condemned or peer in self._ended:
            await asyncio.sleep(self._limits.timeout_seconds)

    async def await_turn(self, context: Context) -> None:
        """Wait until a call that may have no valid key may be answered.

        Returns immediately for connections that have shown a key. Raises ExhaustedError when too
        many calls of this connection wait already.
        """
        connection = self._of(context)
        if connection is None or connection.tenant:
            return
        peer = peer_address(context.peer())
        if self._tokens_of(connection) >= 1:
            return
        if connection.waiting >= self._limits.max_waiting_calls:
            self._refuse(peer, connection)
        connection.waiting += 1
        try:
            await self._wait(connection)
        except asyncio.CancelledError:
            # Cancelled calls cost as much as others.
            self._count_refused(peer, connection)
            raise
        finally:
            connection.waiting -= 1

    def count_refusal(self, context: Context) -> None:
        """Record that a call had no valid key."""
        connection = self._of(context)
        if connection is not None and not connection.tenant:
            connection.tokens = self._tokens_of(connection) - 1

    @contextmanager
    def open_call(self, context: Context) -> Iterator[None]:
        """Count an open call that needs no key, such as a health check.

        Raises ExhaustedError when this connection has too many of them.
        """
        connection = self._of(context)
        if connection is None or connection.tenant:
            yield
            return
        if connection.waiting >= self._limits.max_waiting_calls:
            self._refuse(peer_address(context.peer()), connection)
        connection.tokens = self._tokens_of(connection) - 1
        connection.last_call = self._now()
        connection.waiting += 1
        try:
            yield
        finally:
            connection.waiting -= 1

    async def run(self) -> None:
        """Check the connections until cancelled."""
        while True:
            if self._condemned:
                await asyncio.sleep(self._limits.urgent_look_seconds)
            else:
                await self._next_look()
            try:
                self.end_excess_connections()
            except OSError as error:
                # No descriptor is left to check with: the next check may find one.
                log.warning("connections_not_seen", problem=str(error))

    def end_excess_connections(self) -> None:
        """End the connections that are over a limit."""
        if self._accepted is None:
            return
        accepted = self._accepted.find_all()
        self._update(accepted)
        now = self._now()
        self._ended = {
            peer: time for peer, time in self._ended.items() if time > now - ENDED_SECONDS
        }
        condemned, self._condemned = self._condemned, set()
        self._urgent.clear()
        for peer in condemned:
            self._end(accepted, peer, "calls without a valid key", 1.0)
        self._end_late(accepted, now - self._limits.timeout_seconds)
        self._end_surplus(accepted)
        # Callers with a key that share the address, as behind a proxy or on the same machine, must
        # not be locked out.
        spared = {_network(peer) for peer, known in self._connections.items() if known.tenant}
        for peer in self._strangers():
            if _network(peer) not in spared and self._offenders.is_banned(_network(peer), now):
                self._end(accepted, peer, "address banned", 0.0)
        self._offenders.apply(self._accepted, now, spared)

    def _strangers(self) -> list[str]:
        """Return the peers without a key, the oldest first."""
        return [peer for peer, known in self._connections.items() if not known.tenant]

    def _end_late(self, accepted: dict[str, Accepted], earliest: float) -> None:
        """End connections that have shown no valid key in time."""
        for peer in self._strangers():
            connection = self._connections[peer]
            if max(connection.since, connection.last_call) <= earliest:
                self._end(accepted, peer, "no valid key in time", self._limits.idle_offence)

    def _end_surplus(self, accepted: dict[str, Accepted]) -> None:
        """End surplus connections: strangers before others."""
        strangers = self._strangers()
        surplus = max(
            len(strangers) - self._limits.max_strangers,
            len(self._connections) - self._limits.max_connections,
        )
        for peer in strangers[: max(0, surplus)]:
            self._end(accepted, peer, "too many connections", self._limits.idle_offence)
        for _ in range(len(self._connections) - self._limits.max_connections):
            self._end(accepted, self._least_used(), "too many connections", 0.0)

    def _update(self, accepted: dict[str, Accepted]) -> None:
        """Update the state of open connections, the oldest first."""
        kept: dict[str, _Connection] = {}
        for peer, connection in self._connections.items():
            found = accepted.get(peer)
            if found is not None and connection.inode in (0, found.inode):
                connection.inode = found.inode
                kept[peer] = connection
        for peer, found in accepted.items():
            if peer not in kept:
                kept[peer] = self._new_connection(found.inode)
        self._connections = kept

    def _least_used(self) -> str:
        """Return the idlest connection of the tenant that has the most."""
        counts = Counter(connection.tenant for connection in self._connections.values())
        (tenant, _count), *_ = counts.most_common(1)
        return min(
            (peer for peer, known in self._connections.items() if known.tenant == tenant),
            key=lambda peer: self._connections[peer].last_call,
        )

    def _end(self, accepted: dict[str, Accepted], peer: str, cause: str, offence: float) -> None:
        """End a connection; `offence` counts against its address."""
        now = self._now()
        self._connections.pop(peer, None)
        self._ended[peer] = now
        if offence:
            self._offenders.add_offence(_network(peer), offence, now)
        if self._accepted is not None and peer in accepted:
            log.debug("connection_ended", peer=peer, cause=cause)
            self._accepted.close(accepted[peer])

    def _count_refused(self, peer: str, connection: _Connection) -> None:
        """End the connection if it has too many refused calls."""
        connection.refused += 1
        is_bounded = not connection.tenant and peer not in self._ended
        if is_bounded and connection.refused > self._limits.max_refused_calls:
            self._condemned.add(peer)
            self._urgent.set()

    def _refuse(self, peer: str, connection: _Connection) -> NoReturn:
        """Raise ExhaustedError."""
        self._count_refused(peer, connection)
        raise ExhaustedError(
            "TOO_MANY_CALLS_WITHOUT_KEY",
            f"this connection has {connection.waiting} calls without a valid key that wait "
            "already; send a valid API key with the first call",
            self._limits.retry_after,
        )

    async def _wait(self, connection: _Connection) -> None:
        """Wait for the next call's turn, or for another call that shows a key."""
        seconds = (connection.waiting - connection.tokens) / self._limits.calls_per_second
        try:
            async with asyncio.timeout(seconds):
                await connection.has_key.wait()
        except TimeoutError:
            return

    def _tokens_of(self, connection: _Connection) -> float:
        now = self._now()
        gained = (now - connection.counted) * self._limits.calls_per_second
        connection.tokens = min(self._limits.free_calls, connection.tokens + gained)
        connection.counted = now
        return connection.tokens

    def _of(self, context: Context) -> _Connection | None:
        """Return the call's connection; None for internal callers and Unix sockets."""
        if self._accepted is None:
            return None
        peer = peer_address(context.peer())
        if not peer:
            return None
        found = self._connections.get(peer)
        if found is None:
            found = self._connections[peer] = self._new_connection(0)
        return found

    def _new_connection(self, inode: int) -> _Connection:
        now = self._now()
        return _Connection(
            since=now, last_call=now, tokens=self._limits.free_calls, counted=now, inode=inode
        )

    async def _next_look(self) -> None:
        strangers = sum(not each.tenant for each in self._connections.values())
        is_busy = strangers > self._limits.max_strangers // 2
        seconds = self._limits.busy_look_seconds if is_busy else self._limits.look_seconds
        try:
            async with asyncio.timeout(seconds):
                await self._urgent.wait()
        except TimeoutError:
            return


def _network(peer: str) -> bytes:
    return network_of(peer.rpartition(":")[0])
