"""Whose requests are taken at all: pure checks of a request's headers.

A browser sends requests on behalf of any page that it shows. So a page of somebody else's must be
told from ours: by the name that it called us by (DNS rebinding), by its origin, and by what the
browser says of the two (https://www.w3.org/TR/fetch-metadata/).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from cellblock_server.console.failures import RefusedError

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
SAFE_METHODS = frozenset({"GET", "HEAD"})
OWN_SITES = frozenset({"same-origin", "none"})
"""What a browser says of requests of our own page, and of those that a person typed."""


@dataclass(frozen=True)
class Access:
    """Who may call, and by which names."""

    hosts: frozenset[str]
    """Names in lower case, without brackets and ports."""
    scheme: str
    """`http` or `https`."""
    needs_key: bool
    """Whether the server's callers need keys: then nobody logs in without one."""
    login_timeout: timedelta
    max_body_bytes: int
    """Of a request that is no upload."""


def check_host(access: Access, headers: Mapping[str, str]) -> None:
    """Raise RefusedError if another name was called. Any port will do: there are tunnels."""
    host = headers.get("Host", "")
    if host_name(host) not in access.hosts:
        raise RefusedError(
            403, "HOST_NOT_ALLOWED", f"not called by a name of this console: {host!r}"
        )


def check_origin(access: Access, method: str, headers: Mapping[str, str]) -> None:
    """Raise RefusedError for another page's request. To be asked after `check_host`."""
    origin, own = headers.get("Origin"), f"{access.scheme}://{headers.get('Host', '')}"
    if origin is None and method in SAFE_METHODS:
        pass
    elif origin != own:
        raise RefusedError(
            403, "ORIGIN_NOT_ALLOWED", f"not made by a page of this console: {origin!r}"
        )
    site = headers.get("Sec-Fetch-Site", "same-origin")
    if site not in OWN_SITES:
        raise RefusedError(
            403, "ORIGIN_NOT_ALLOWED", f"not made by a page of this console: {site!r}"
        )


def host_name(host: str) -> str:
    """The name in a `Host` header, in lower case: without its port, and an address's brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
