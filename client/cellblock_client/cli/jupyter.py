"""`cellblock jupyter`: notebooks in sandboxes."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from cellblock_client.cli.parameters import duration
from cellblock_client.errors import Error

app = typer.Typer(no_args_is_help=True, help="Run notebooks in sandboxes.")

NUMBERS = {"memory_bytes": int, "cpus": float, "pids": int, "data_bytes": int, "tmp_bytes": int}
"""Limits that a session can be given, as in `Limits`."""


@app.callback()
def jupyter() -> None:
    """Keep `install` a subcommand: Typer uses a single command as the group itself."""


@app.command()
def install(
    name: Annotated[str, typer.Option(help="Name of the kernel for programs.")] = "cellblock",
    display_name: Annotated[
        str, typer.Option(help="Name of the kernel for display.")
    ] = "Python (Cellblock sandbox)",
    address: Annotated[
        str,
        typer.Option(help="host:port or unix:/path. Default: CELLBLOCK_ADDRESS of Jupyter."),
    ] = "",
    image: Annotated[str, typer.Option(help="An image that the operator allows.")] = "",
    runtime: Annotated[str, typer.Option(help="A runtime that the operator allows.")] = "",
    network: Annotated[str, typer.Option(help="none, or proxy where the operator allows it.")] = "",
    limit: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=NUMBER",
            help=f"What the sandbox may use, may be repeated: {', '.join(NUMBERS)}.",
        ),
    ] = None,
    time_limit: Annotated[
        timedelta | None,
        typer.Option(parser=duration, metavar="TIME", help="Time limit of a cell: 90s, 10m."),
    ] = None,
    idle_timeout: Annotated[
        timedelta | None,
        typer.Option(
            parser=duration, metavar="TIME", help="Ends a session whose kernel has gone: 20m."
        ),
    ] = None,
    inactivity_limit: Annotated[
        timedelta | None,
        typer.Option(
            "--inactivity-limit",
            "--lifetime",
            parser=duration,
            metavar="TIME",
            help="Ends a session in which no cell runs for this time: 8h.",
        ),
    ] = None,
    attach: Annotated[
        list[str] | None,
        typer.Option(
            help="File or folder to put at /mnt/data, from the notebook's folder; may be repeated."
        ),
    ] = None,
    keep_session: Annotated[
        bool, typer.Option("--keep-session", help="Leave the session alive after a shutdown.")
    ] = False,
    active_content: Annotated[
        bool,
        typer.Option("--active-content", help="Let outputs run scripts in the notebook's page."),
    ] = False,
    sys_prefix: Annotated[
        bool,
        typer.Option("--sys-prefix/--user", help="For this Python environment, or for this user."),
    ] = False,
) -> None:
    """Install a Jupyter kernel whose code runs in a sandbox, and print its folder.

    Keys and TLS are never written: set CELLBLOCK_API_KEY and CELLBLOCK_TLS_CA where Jupyter runs.
    """
    given: dict[str, Any] = {
        "address": address,
        "image": image,
        "runtime": runtime,
        "network": network,
        "limits": _limits(limit or []),
        "time_limit": _seconds(time_limit),
        "idle_timeout": _seconds(idle_timeout),
        "inactivity_limit": _seconds(inactivity_limit),
        "attach": attach or [],
        "keep_session": keep_session,
        "active_content": active_content,
    }
    try:
        from cellblock_client.jupyter import kernelspec
    except ModuleNotFoundError as error:
        raise Error(f"{error.name} is not installed: pip install 'cellblock[jupyter]'") from error
    config = {option: value for option, value in given.items() if value}
    prefix = Path(sys.prefix) if sys_prefix else None
    try:
        typer.echo(kernelspec.install(name, display_name, config, prefix=prefix))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--name") from error


def _limits(given: list[str]) -> dict[str, float]:
    """Parse the values of `--limit`; the server checks the bounds."""
    limits: dict[str, float] = {}
    for item in given:
        name, _, value = item.partition("=")
        if name not in NUMBERS:
            raise typer.BadParameter(
                f"{name!r} is not one of {', '.join(NUMBERS)}", param_hint="--limit"
            )
        try:
            limits[name] = NUMBERS[name](value)
        except ValueError as error:
            raise typer.BadParameter(
                f"{name}: {value!r} is not a number", param_hint="--limit"
            ) from error
    return limits


def _seconds(time: timedelta | None) -> float:
    return time.total_seconds() if time is not None else 0
