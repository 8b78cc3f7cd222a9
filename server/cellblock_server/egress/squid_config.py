"""Configuration of squid: a pure function of what the operator allows.

Source: squid 5's configuration reference (http://www.squid-cache.org/Versions/v5/cfgman/).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cellblock_server.config.host_rules import Rule
from cellblock_server.egress.private import private_but

SOURCES = "127.200.0.0/16"
"""Network of source addresses, one for each session; squid serves no others."""
LEAST_TTL_SECONDS = 60
"""Minimum time in seconds for which a DNS response is kept, whatever its TTL.

So squid connects to the very address that it has checked.
"""
LOG_FORMAT = "request %>a %Ss %>Hs %rm %ru %<a %st %tr"
"""Fields: source, result, status, method, destination, address, bytes, milliseconds."""


@dataclass(frozen=True)
class Allowed:
    """Hosts, networks and DNS servers that the operator allows."""

    rules: tuple[Rule, ...]
    networks: tuple[str, ...]
    """Private networks that may be reached all the same."""
    dns_servers: tuple[str, ...]
    """Addresses of DNS servers; empty for the system's."""


def squid_config(allowed: Allowed, port: int, seconds: int, user: str | None) -> str:
    """Return the whole file, for squid to listen at `port` of loopback.

    `seconds` bounds a connection. squid switches to `user` if root starts it.
    """
    private4, private6 = private_but(allowed.networks)
    lines = [
        f"http_port 127.0.0.1:{port}",
        f"acl sessions src {SOURCES}",
        *(f"acl private4 dst {network}" for network in private4),
        *(f"acl private6 dst {network}" for network in private6),
        "http_access deny !sessions",
        *_rules(allowed.rules),
        "http_access deny all",
        f"negative_dns_ttl {LEAST_TTL_SECONDS} seconds",
        *(f"dns_nameservers {server}" for server in allowed.dns_servers),
        # Names are used unchanged: no domain is appended to those without a dot.
        "dns_defnames off",
        "cache deny all",
        "cache_mem 0",
        "via off",
        "forwarded_for delete",
        "request_header_access Proxy-Authorization deny all",
        f"client_lifetime {seconds} seconds",
        "connect_timeout 15 seconds",
        "request_timeout 30 seconds",
        "read_timeout 60 seconds",
        "shutdown_lifetime 1 seconds",
        "request_header_max_size 64 KB",
        f"logformat ours {LOG_FORMAT}",
        "access_log stdio:/dev/stdout ours",
        "logfile_rotate 0",
        "cache_log /dev/stderr",
        "pid_filename none",
        "coredump_dir none",
        "netdb_filename none",
        "pinger_enable off",
        "visible_hostname cellblock-egress",
        "httpd_suppress_version_string on",
        *([f"cache_effective_user {user}"] if user else []),
    ]
    return "\n".join(lines) + "\n"


def _rules(rules: Sequence[Rule]) -> list[str]:
    lines = []
    for number, rule in enumerate(rules):
        below = r"([^.]+\.)+" if rule.is_suffix else ""
        # -n: an address in place of a name is not looked up.
        lines.append(f"acl host{number} dstdom_regex -n -i ^{below}{re.escape(rule.name)}$")
        lines.append(f"acl port{number} port {rule.port}")
        # In this order: a name that is not allowed is never looked up in DNS, and so not revealed.
        lines.append(f"http_access allow host{number} port{number} !private4 !private6")
    return lines
