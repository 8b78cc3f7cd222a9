"""Checks of a request's headers: only the console's own page may make requests.

A browser sends requests on behalf of any page that it shows. So requests of foreign pages must be
distinguished from ours: by the host name in the request (DNS rebinding), by its origin, and by the
browser's fetch metadata (https://www.w3.org/TR/fetch-metadata/).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from cellblock_server.console.failures import RefusedError

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
SAFE_METHODS = frozenset({"GET", "HEAD"})
OWN_SITES = frozenset({"same-origin", "none"})
"""Values of `Sec-Fetch-Site` for requests of our own page, and for typed addresses."""


@dataclass(frozen=True)
class Access:
    """Names and limits for requests to the console."""

    hosts: frozenset[str]
    """Allowed host names in lower case, without brackets and ports."""
    scheme: str
    """Scheme of the console's URL: `http` or `https`."""
    needs_key: bool
    """Whether a login requires an API key, as the server's calls do."""
    login_timeout: timedelta
    max_body_bytes: int
    """Maximum size of a request body, except for uploads."""


def check_host(access: Access, headers: Mapping[str, str]) -> None:
    """Raise RefusedError for a wrong host name. Any port is accepted: there are tunnels."""
    host = headers.get("Host", "")
    if host_name(host) not in access.hosts:
        raise RefusedError(
            403, "HOST_NOT_ALLOWED", f"not called by a name of this console: {host!r}"
        )


def check_origin(access: Access, method: str, headers: Mapping[str, str]) -> None:
    """Raise RefusedError for the request of a foreign page. Called after `check_host`."""
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
    """Return the name in a `Host` header, in lower case, without port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
