"""Rules for hosts and ports in the configuration: `pypi.org:443`, `*.example.org:443`."""

import ipaddress
import re
from dataclasses import dataclass

LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
NAME = re.compile(rf"{LABEL}(\.{LABEL})*")
MAX_NAME = 253


@dataclass(frozen=True)
class Rule:
    """One host, or all below a suffix, at one port."""

    name: str
    """Name in lower case, without the `*.` of a suffix."""
    is_suffix: bool
    port: int


def parse_rule(text: str) -> Rule:
    """Parse `pypi.org:443` or `*.example.org:8080`. Raises ValueError that says what is wrong."""
    name, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"{text!r} must be a host and a port, such as 'pypi.org:443'")
    is_suffix = name.startswith("*.")
    plain = name.removeprefix("*.").lower()
    if len(plain) > MAX_NAME or not NAME.fullmatch(plain):
        raise ValueError(f"{text!r}: {name!r} is not a host name, nor '*.' and one")
    if plain.rpartition(".")[2].isdecimal():
        raise ValueError(f"{text!r}: addresses are not allowed, only names")
    return Rule(plain, is_suffix, int(port))


def parse_network(text: str) -> str:
    """Return a network or an address in squid's form. Raises ValueError."""
    return str(ipaddress.ip_network(text))
