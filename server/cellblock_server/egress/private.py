"""Addresses that no sandbox may reach, by any name."""

import ipaddress
from collections.abc import Iterable, Sequence

PRIVATE_IPV4 = (
    # This host, private, shared, loopback, link-local and metadata, IETF, documentation, 6to4
    # relays, benchmarks, multicast, reserved and broadcast. RFC 6890.
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
    *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"),
    *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
)
MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
"""IPv4 in IPv6, which squid treats as IPv4.

In the list below it would cover all of IPv4, and squid omits a network that contains another one of
the same list.
"""
PRIVATE_IPV6 = (
    # Everything that is not routed in public (2000::/3): loopback, NAT64, unique local, link-local,
    # multicast. Of 2000::/3 what holds an IPv4 address (Teredo, 6to4) or is documentation.
    *sorted(map(str, ipaddress.IPv6Network("::/3").address_exclude(MAPPED))),
    *("4000::/2", "8000::/1", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
)
"""Private IPv6 networks, which no name may lead to unless the operator names the network."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def private_but(named: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return all private networks of IPv4 and of IPv6, without those that the operator names.

    Taken out of them, and not allowed beside them: a name that leads to one of these and to another
    private address is refused.
    """
    without = [ipaddress.ip_network(network) for network in named]
    four, six = (
        _subtracted([ipaddress.ip_network(network) for network in networks], without)
        for networks in (PRIVATE_IPV4, PRIVATE_IPV6)
    )
    return four, six


def _subtracted(networks: list[Network], without: list[Network]) -> list[str]:
    for hole in without:
        networks = [piece for network in networks for piece in _without(network, hole)]
    return list(map(str, networks))


def _without(network: Network, hole: Network) -> Iterable[Network]:
    if isinstance(network, ipaddress.IPv4Network) and isinstance(hole, ipaddress.IPv4Network):
        if network.subnet_of(hole):
            return ()
        return network.address_exclude(hole) if hole.subnet_of(network) else (network,)
    if isinstance(network, ipaddress.IPv6Network) and isinstance(hole, ipaddress.IPv6Network):
        if network.subnet_of(hole):
            return ()
        return network.address_exclude(hole) if hole.subnet_of(network) else (network,)
    return (network,)
