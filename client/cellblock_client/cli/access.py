"""API key and TLS of all commands, from the options before the command's name."""

from contextvars import ContextVar
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from cellblock_client.channel import Tls
from cellblock_client.cli import settings
from cellblock_client.client import Client


@dataclass(frozen=True)
class Access:
    """API key, TLS and address for a command; None for the value of the environment."""

    api_key: str | None = None
    tls: Tls | bool | None = None
    address: str | None = None
    """Address for commands that are given none."""


OWN_SERVER = Access(api_key="", tls=False)
"""Access to a server that the command started: it has no keys, and no other program reaches it."""
FROM_ENVIRONMENT = Access()
ACCESS: ContextVar[Access] = ContextVar("access", default=FROM_ENVIRONMENT)

GIVEN: ContextVar[dict[str, str]] = ContextVar("given")
"""Options given before the command's name."""
WITHOUT_SERVER = {"backup", "config", "restore", "serve"}
"""Commands that call no server: `config` shows invalid settings, too."""

PathOption = Path | None


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cellblock {version('cellblock')}")
        raise typer.Exit


def options(
    context: typer.Context,
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
        typer.Option(help="CA certificate (PEM) used to verify the server: CELLBLOCK_TLS_CA."),
    ] = None,
    tls_certificate: Annotated[
        PathOption,
        typer.Option(help="PEM file of this client's certificate: CELLBLOCK_TLS_CERTIFICATE."),
    ] = None,
    tls_key: Annotated[
        PathOption, typer.Option(help="PEM file of its private key: CELLBLOCK_TLS_KEY.")
    ] = None,
    _show_version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Run Python code in isolated sandboxes and inspect the results."""
    files = Tls(tls_ca, tls_certificate, tls_key)
    if tls is False and files != Tls():
        raise typer.BadParameter("can't be given together with certificates", param_hint="--no-tls")
    given = {"api_key_file": api_key_file, "tls": tls}
    given |= {"tls_ca": tls_ca, "tls_certificate": tls_certificate, "tls_key": tls_key}
    GIVEN.set({name: str(value) for name, value in given.items() if value is not None})
    if context.invoked_subcommand not in WITHOUT_SERVER:
        ACCESS.set(_access(api_key_file, tls if files == Tls() else files))


def configured() -> Access:
    """Apply the settings without options, for shell completion."""
    return _access(None, None)


def configured_address() -> str | None:
    """Return the server of the settings, if there is one."""
    return ACCESS.get().address


def open_client(address: str | None) -> Client:
    """Create a client for a command. Raises Error."""
    access = ACCESS.get()
    return Client(address or access.address, api_key=access.api_key, tls=access.tls)


def _access(key_file: Path | None, tls: Tls | bool | None) -> Access:
    """Return the access by options, else variables, which `Client` reads itself, else the file."""
    saved = settings.values_of_file()
    if key_file is None and "api_key_file" in saved:
        key_file = Path(str(saved["api_key_file"])).expanduser()
    if tls is None and any(name.startswith("tls") for name in saved) and not _tls_by_variables():
        files = Tls(*(_path(saved.get(name)) for name in ("tls_ca", "tls_certificate", "tls_key")))
        tls = files if files != Tls() and saved.get("tls", True) else bool(saved.get("tls"))
    api_key = None if key_file is None else key_file.read_text().strip()
    address = saved.get("address")
    return Access(api_key, tls, None if address is None else str(address))


def _tls_by_variables() -> bool:
    return any(value.source.startswith("CELLBLOCK_TLS") for value in settings.values().values())


def _path(value: str | bool | None) -> Path | None:
    return None if value is None else Path(str(value)).expanduser()
