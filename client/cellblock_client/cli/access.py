"""The key and TLS that all commands use, from the options before the command's name."""

from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cellblock_client.channel import Tls
from cellblock_client.client import Client


@dataclass(frozen=True)
class Access:
    """How a server is spoken to; None for what the environment says."""

    api_key: str | None = None
    tls: Tls | bool | None = None


OWN_SERVER = Access(api_key="", tls=False)
"""A server that was started for the command: it knows no keys, and nobody else reaches it."""
FROM_ENVIRONMENT = Access()
ACCESS: ContextVar[Access] = ContextVar("access", default=FROM_ENVIRONMENT)

PathOption = Path | None


def options(
    api_key_file: Annotated[
        PathOption,
        typer.Option(
            help="File with the API key. Default: the variable CELLBLOCK_API_KEY.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    tls: Annotated[
        bool | None,
        typer.Option("--tls/--no-tls", help="Use TLS. Default: CELLBLOCK_TLS."),
    ] = None,
    tls_ca: Annotated[
        PathOption,
        typer.Option(help="PEM file of who vouches for the server: CELLBLOCK_TLS_CA."),
    ] = None,
    tls_certificate: Annotated[
        PathOption,
        typer.Option(help="PEM file of this client's certificate: CELLBLOCK_TLS_CERTIFICATE."),
    ] = None,
    tls_key: Annotated[
        PathOption, typer.Option(help="PEM file of its private key: CELLBLOCK_TLS_KEY.")
    ] = None,
) -> None:
    """Run Python in sandboxes, and look at what it did."""
    files = Tls(tls_ca, tls_certificate, tls_key)
    if tls is False and files != Tls():
        raise typer.BadParameter("can't be given together with certificates", param_hint="--no-tls")
    api_key = None if api_key_file is None else api_key_file.read_text().strip()
    ACCESS.set(Access(api_key, tls if files == Tls() else files))


def open_client(address: str | None) -> Client:
    """A client for a command. Raises Error."""
    access = ACCESS.get()
    return Client(address, api_key=access.api_key, tls=access.tls)
