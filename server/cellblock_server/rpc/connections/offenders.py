"""Addresses whose connections were ended for their calls: the kernel drops new ones for a while."""

from collections.abc import Set
from dataclasses import dataclass

import structlog

from cellblock_server.rpc.connections.accepted import AcceptedConnections
from cellblock_server.rpc.connections.banned import MAX_ADDRESSES, set_banned, shown_network
from cellblock_server.rpc.connections.limits import StrangerLimits

log = structlog.get_logger(__name__)


@dataclass
class _Offender:
    """An address whose connections were ended for their calls."""

    offences: float = 0.0
    bans: int = 0
    last: float = 0.0
    banned_until: float = 0.0


class Offenders:
    """Addresses that offended, and their bans."""

    def __init__(self, limits: StrangerLimits) -> None:
        """Ban addresses within `limits`."""
        self._limits = limits
        self._known: dict[bytes, _Offender] = {}
        self._banned: list[bytes] = []
        """Networks that the kernel's filter drops now."""

    def add_offence(self, network: bytes, weight: float, now: float) -> None:
        """Count an offence; ban the address if it exceeds the limit."""
        offender = self._known.pop(network, None) or _Offender()
        # The latest last: the first ones are dropped when there are too many.
        self._known[network] = offender
        while len(self._known) > MAX_ADDRESSES:
            del self._known[next(iter(self._known))]
        # Older ones count less: a monitor without a key that is ended occasionally is no attacker.
        age = (now - offender.last) / self._limits.forget_seconds
        offender.offences = offender.offences * max(0.0, 1.0 - age) + weight
        offender.last = now
        if offender.offences > self._limits.free_offences and not self.is_banned(network, now):
            seconds = self._limits.first_ban_seconds * 2.0**offender.bans
            offender.banned_until = now + min(seconds, self._limits.longest_ban_seconds)
            offender.bans += 1

    def is_banned(self, network: bytes, now: float) -> bool:
        """Whether connections from `network` are dropped now."""
        offender = self._known.get(network)
        return offender is not None and offender.banned_until > now

    def apply(self, accepted: AcceptedConnections, now: float, spared: Set[bytes]) -> None:
        """Have the kernel drop new connections of banned addresses, except those in `spared`."""
        earliest = now - self._limits.forget_seconds
        self._known = {
            network: offender
            for network, offender in self._known.items()
            if max(offender.last, offender.banned_until) > earliest
        }
        banned = [
            network
            for network in self._known
            if network not in spared and self.is_banned(network, now)
        ]
        if banned == self._banned:
            return
        try:
            with accepted.listening() as sockets:
                if not sockets:
                    # No descriptor is left to check with, or the listener has been closed.
                    return
                set_banned(sockets, banned)
        except OSError as error:
            log.warning("addresses_not_banned", problem=str(error))
            return
        self._banned = banned
        log.info("addresses_banned", addresses=[shown_network(each) for each in banned])
