"""Shell completion of ids, with a short wait for the server."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import typer

from cellblock_client.cli.access import configured
from cellblock_client.cli.words import plain
from cellblock_client.client import Client
from cellblock_client.errors import Error
from cellblock_client.types import SessionState

ANSWER_SECONDS = 1.0
"""Maximum seconds that a press of Tab waits for the server."""
MOST = 50
LIVE = [SessionState.READY, SessionState.BUSY, SessionState.RESTARTING]
Offers = list[tuple[str, str]]
"""Ids, each with a short description."""


def session_ids(context: typer.Context, incomplete: str) -> Offers:
    """Return live sessions, newest first."""
    return _ask_server(
        context,
        incomplete,
        lambda client: (
            (info.id, info.state.name.lower())
            for info in client.sessions.list(states=LIVE, timeout=ANSWER_SECONDS)
        ),
    )


def file_ids(context: typer.Context, incomplete: str) -> Offers:
    """Return stored files, newest first."""
    return _ask_server(
        context,
        incomplete,
        lambda client: (
            (file.id, plain(file.filename)) for file in client.files.list(timeout=ANSWER_SECONDS)
        ),
    )


def _ask_server(
    context: typer.Context,
    incomplete: str,
    ask: Callable[[Client], Iterable[tuple[str, str]]],
) -> Offers:
    """Ask the configured server, or that of `--address`; return nothing if it can't be asked."""
    try:
        access = configured()
        address = _address(context) or access.address
        with Client(address, api_key=access.api_key, tls=access.tls) as client:
            return [offer for offer in islice(ask(client), MOST) if offer[0].startswith(incomplete)]
    except (Error, OSError):
        # A completing shell has no room for error messages.
        return []


def _address(context: typer.Context) -> str | None:
    inner: Any = context  # Typer's own context type has no public name
    while inner is not None:
        if address := inner.params.get("address"):
            return str(address)
        inner = inner.parent
    return None
