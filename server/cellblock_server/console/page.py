"""Static files of the page, from this package."""

from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Content security policy of the page: its own files only, and no text becomes markup or code."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of every response that does not set them itself."""


def page_files() -> Mapping[str, tuple[str, bytes]]:
    """Return type and bytes of each file of the page, by its path: `js/main.js`. Read once."""
    return dict(_below(files("cellblock_server.console") / "static", ""))


def _below(folder: Traversable, path: str) -> list[tuple[str, tuple[str, bytes]]]:
    found = []
    for item in folder.iterdir():
        name = f"{path}{item.name}"
        if item.is_dir():
            found += _below(item, f"{name}/")
        elif kind := TYPES.get(f".{item.name.rpartition('.')[2]}"):
            found.append((name, (kind, item.read_bytes())))
    return found
